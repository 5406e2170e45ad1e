// Loads the sheet of links when somebody opens it.

/** Opens the sheet. Returns a sentence where it could not be loaded, else an empty one. */
export async function openSheet(videoId: string, title: string, opener: HTMLElement): Promise<string> {
  try {
    const { openLinks } = await import('../links/sheet')
    openLinks({ videoId, title, opener })
    return ''
  } catch {
    return 'The sheet could not be loaded. Check your connection and try again.'
  }
}
