import type { Video } from '../api/videos'

/** newVideo is a ready video for tests. */
export function newVideo(id: string, change: Partial<Video> = {}): Video {
  return {
    id,
    title: `Update ${id}`,
    state: 'ready',
    failure: undefined,
    warnings: [],
    progress: 1,
    improving: false,
    durationMs: 61_000,
    createdAt: `2026-11-22T16:40:0${id}.000Z`,
    deletedAt: undefined,
    purgeAt: undefined,
    watchUrl: `https://here.example/v/${id}`,
    posterUrl: undefined,
    originalUrl: undefined,
    commentCount: 0,
    arrived: true,
    uploadedBytes: 0,
    lengthBytes: undefined,
    ...change,
  }
}
