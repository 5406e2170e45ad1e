// The images of the seek bar: which part of which sheet is shown when.

export interface Tile {
  startMs: number
  endMs: number
  image: string // address of the sheet
  x: number // pixels in the sheet
  y: number
  width: number
  height: number
}

/**
 * Reads WebVTT whose cues are "sheet.jpg#xywh=x,y,w,h", relative to base. Other cues are left out.
 */
export function parseTiles(vtt: string, base: string): Tile[] {
  const tiles: Tile[] = []
  for (const block of vtt.replace(/\r\n?/g, '\n').split(/\n{2,}/)) {
    const lines = block.split('\n')
    const at = lines.findIndex((line) => line.includes('-->'))
    const [startMs, endMs] = (lines[at] ?? '').split('-->').map((part) => cueMs(part.trim().split(/\s/)[0] ?? ''))
    const place = /^(.+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/.exec(lines[at + 1]?.trim() ?? '')
    if (at < 0 || startMs === undefined || endMs === undefined || !place) continue
    const [x = 0, y = 0, width = 0, height = 0] = place.slice(2).map(Number)
    const { pathname, search } = new URL(place[1] ?? '', new URL(base, 'http://host.invalid'))
    if (width > 0 && height > 0) tiles.push({ startMs, endMs, image: pathname + search, x, y, width, height })
  }
  return tiles
}

/**
 * The tile of a moment. The last one is also used for any time after it. tiles are in order of
 * time.
 */
export function tileAt(tiles: readonly Tile[], ms: number): Tile | undefined {
  return tiles.findLast((tile) => tile.startMs <= ms) ?? tiles[0]
}

/** "01:02:03.004" or "02:03.004" in milliseconds; undefined if it is neither. */
function cueMs(text: string): number | undefined {
  const match = /^(?:(\d{2,}):)?(\d{2}):(\d{2})\.(\d{3})$/.exec(text)
  if (!match) return undefined
  const [hours = 0, minutes = 0, seconds = 0, ms = 0] = match.slice(1).map((part) => Number(part ?? 0))
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms
}
