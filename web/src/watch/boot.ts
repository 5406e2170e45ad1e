// The server's data in the page, so that the first paint needs no request.
import { type Page, parsePage } from '../api/comments'
import { readMaybeNumber, readObject, readString, readText } from '../api/parse'
import { parseSharedVideo, type SharedVideo } from '../api/shared-video'

export interface Boot {
  shared: SharedVideo
  comments: Page
  token: string
  userName: string | undefined // of a signed-in reader
  startMs: number
}

export function readBoot(text: string): Boot {
  const wire = readObject(JSON.parse(text), 'boot')
  const user = wire.user
  return {
    shared: parseSharedVideo(wire.share),
    comments: parsePage(wire.comments),
    token: readString(wire, 'token'),
    userName: user === null || user === undefined ? undefined : readText(readObject(user, 'user'), 'name'),
    startMs: (readMaybeNumber(wire, 'start_s') ?? 0) * 1000,
  }
}
