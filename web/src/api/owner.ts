// What an owner does to one video.
import type { Schemas } from './parse'
import { call } from './request'
import type { Bubble } from './shared-video'

function videoPath(id: string): string {
  return `/api/v1/videos/${encodeURIComponent(id)}`
}

/** What an owner chooses about a video. A missing field leaves it as it is. */
export type VideoChange = Omit<Schemas['Change'], 'layout'>

export async function changeVideo(id: string, change: VideoChange, signal: AbortSignal): Promise<void> {
  await call(videoPath(id), { method: 'PATCH', body: change, signal })
}

/** Moves the camera of a recording. Every viewer sees it at once. */
export async function moveBubble(id: string, bubbles: readonly Bubble[], signal: AbortSignal): Promise<void> {
  const layout = { bubbles: bubbles.map(({ atMs, x, y, size, visible }) => ({ at_ms: atMs, x, y, size, visible })) }
  await call(videoPath(id), { method: 'PATCH', body: { layout }, signal })
}

/** Moves the video to the trash. restoreVideo brings it back. */
export async function trashVideo(id: string, signal: AbortSignal): Promise<void> {
  await call(videoPath(id), { method: 'DELETE', signal })
}

export async function restoreVideo(id: string, signal: AbortSignal): Promise<void> {
  await call(`${videoPath(id)}/restore`, { method: 'POST', signal })
}

/** Deletes a video in the trash. Nothing brings it back. */
export async function deleteForever(id: string, signal: AbortSignal): Promise<void> {
  await call(`${videoPath(id)}/forever`, { method: 'DELETE', signal })
}

export async function reprocessVideo(id: string, signal: AbortSignal): Promise<void> {
  await call(`${videoPath(id)}/reprocess`, { method: 'POST', signal })
}
