// The text of a comment as tokens: plain words, positions that seek, and addresses that open. The
// server makes the same for the first paint.
import { parsePosition } from '../ui/time-code'

export type Token =
  | { at: 'text'; text: string }
  | { at: 'time'; text: string; ms: number }
  | { at: 'link'; text: string; url: string }

const address = /https?:\/\/[^\s<>"]+/gi
const position = /(?<![\d:.,])(?:\d{1,2}:)?\d{1,2}:[0-5]\d(?![\d:])/g

export function tokenize(body: string): Token[] {
  const tokens: Token[] = []
  let from = 0
  for (const match of body.matchAll(address)) {
    const url = trimAddress(match[0])
    if (!isAddress(url)) continue
    tokens.push(...splitTimes(body.slice(from, match.index)), { at: 'link', text: url, url })
    from = match.index + url.length
  }
  tokens.push(...splitTimes(body.slice(from)))
  return tokens
}

function splitTimes(text: string): Token[] {
  const tokens: Token[] = []
  let from = 0
  for (const match of text.matchAll(position)) {
    const ms = parsePosition(match[0])
    if (ms === undefined) continue
    if (match.index > from) tokens.push({ at: 'text', text: text.slice(from, match.index) })
    tokens.push({ at: 'time', text: match[0], ms })
    from = match.index + match[0].length
  }
  if (from < text.length) tokens.push({ at: 'text', text: text.slice(from) })
  return tokens
}

/**
 * Removes the sentence's punctuation from the address, and a closing bracket that was opened before
 * it.
 */
function trimAddress(found: string): string {
  let url = found
  for (;;) {
    const last = url.at(-1)
    if (last === undefined) return url
    if (`.,;:!?'"»”’`.includes(last)) url = url.slice(0, -1)
    else if (last === ')' && !url.includes('(')) url = url.slice(0, -1)
    else if (last === ']' && !url.includes('[')) url = url.slice(0, -1)
    else return url
  }
}

function isAddress(url: string): boolean {
  try {
    const { protocol, hostname } = new URL(url)
    return (protocol === 'https:' || protocol === 'http:') && hostname !== ''
  } catch {
    return false
  }
}
