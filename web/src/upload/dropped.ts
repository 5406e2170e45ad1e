/** holdsFiles says whether something dragged is a file, and not a piece of text or a link. */
export function holdsFiles(transfer: Pick<DataTransfer, 'types'> | null): boolean {
  return transfer?.types.includes('Files') ?? false
}

/**
 * filesFrom takes the files of a drop and counts the folders, which a browser hands over as if they
 * were files of no use.
 */
export function filesFrom(transfer: DataTransfer): { files: File[]; folders: number } {
  const items = [...transfer.items].filter((item) => item.kind === 'file')
  const folders = items.filter((item) => item.webkitGetAsEntry()?.isDirectory).length
  const files = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory).map((item) => item.getAsFile())
  return { files: files.filter((f) => f !== null), folders }
}
