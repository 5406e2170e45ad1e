import type { TrackName } from './track'

/** saveFiles downloads the tracks of a recording. */
export function saveFiles(name: string, files: readonly { track: TrackName; blob: Blob }[]): void {
  for (const { track, blob } of files) {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(blob)
    link.download = fileName(name, track, blob.type, files.length)
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000) // the browser may still be reading it
  }
}

/** fileName keeps only what every system accepts. */
export function fileName(name: string, track: TrackName, type: string, count: number): string {
  const base =
    name
      .replace(/[\\/:*?"<>|\p{Cc}]+/gu, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 100) || 'recording'
  const extension = /matroska/.test(type) ? 'mkv' : /mp4/.test(type) ? 'mp4' : 'webm'
  return count > 1 ? `${base} (${track}).${extension}` : `${base}.${extension}`
}
