/** holdsFiles says whether a dragged thing is a file, and not text or a link. */
export function holdsFiles(transfer: Pick<DataTransfer, 'types'> | null): boolean {
  return transfer?.types.includes('Files') ?? false
}

/**
 * filesFrom returns the files of a drop and counts the folders, which a browser delivers like files
 * but which we cannot use.
 */
export function filesFrom(transfer: DataTransfer): { files: File[]; folders: number } {
  const items = [...transfer.items].filter((item) => item.kind === 'file')
  const folders = items.filter((item) => item.webkitGetAsEntry()?.isDirectory).length
  const files = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory).map((item) => item.getAsFile())
  return { files: files.filter((f) => f !== null), folders }
}
