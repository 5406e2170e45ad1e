// Snippets for other pages: for Markdown a picture that links to the update, for HTML a player.

export interface Snippet {
  title: string
  pageUrl: string // /v/{token}
  posterUrl: string | undefined // does not expire, unlike the player's
  embedUrl: string
  width: number // 0 while unknown
  height: number
}

const FRAME_WIDTH = 960
const FRAME_HEIGHT = 720

/**
 * [![title](poster)](page), which GitHub, the importers of Slack and Notion, and every renderer can
 * read.
 */
export function markdownOf({ title, pageUrl, posterUrl }: Snippet): string {
  const words = title.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]()<>#!|~]/g, '\\$&')
  return posterUrl === undefined ? `[${words}](${pageUrl})` : `[![${words}](${posterUrl})](${pageUrl})`
}

export function embedCodeOf({ title, embedUrl, width, height }: Snippet): string {
  const [w, h] = width > 0 && height > 0 ? [width, height] : [16, 9]
  const scale = Math.min(FRAME_WIDTH / w, FRAME_HEIGHT / h)
  const size = `width="${Math.round(w * scale)}" height="${Math.round(h * scale)}"`
  return `<iframe src="${escapeHtml(embedUrl)}" ${size} title="${escapeHtml(title)}" style="border:0" loading="lazy" allow="fullscreen; picture-in-picture" allowfullscreen></iframe>`
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character)
}
