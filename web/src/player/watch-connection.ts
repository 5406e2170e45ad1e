// The part around link.ts that listens for the stalls of a <video>.
import { type Connection, judge, newConnection, type Verdict } from './connection'

const LOOK_MS = 250

/** Watches video until signal ends it. onVerdict gets prepare and switch, each time they happen. */
export function watchConnection(
  video: HTMLVideoElement,
  onVerdict: (verdict: Exclude<Verdict, 'fine'>) => void,
  signal: AbortSignal,
): void {
  let connection: Connection = newConnection
  let checking: ReturnType<typeof setInterval> | undefined
  let settled = false // it has played since the start or the last seek

  const judged = (event: Parameters<typeof judge>[1]) => {
    const next = judge(connection, event)
    connection = next.connection
    if (next.verdict !== 'fine') onVerdict(next.verdict)
  }
  const over = () => {
    clearInterval(checking)
    checking = undefined
    judged({ at: 'over' })
  }
  const check = () => {
    // Without the header nothing is known about the file, and a connection that is down is not a
    // slow one.
    if (video.readyState < HTMLMediaElement.HAVE_METADATA || !navigator.onLine) return
    judged({ at: 'check', nowMs: performance.now(), bufferedMs: bufferedMs(video), speed: video.playbackRate })
  }
  const wait = () => {
    if (video.paused || video.ended || video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return
    judged({
      at: 'waiting',
      nowMs: performance.now(),
      bufferedMs: bufferedMs(video),
      counts: settled && !video.seeking,
    })
    checking ??= setInterval(check, LOOK_MS)
  }
  const jump = () => {
    settled = false
    over()
  }
  const go = () => {
    settled = true
    over()
  }
  video.addEventListener('waiting', wait, { signal })
  video.addEventListener('stalled', wait, { signal })
  video.addEventListener('playing', go, { signal })
  for (const name of ['pause', 'ended'] as const) video.addEventListener(name, over, { signal })
  for (const name of ['seeking', 'emptied'] as const) video.addEventListener(name, jump, { signal })
  signal.addEventListener('abort', () => clearInterval(checking))
  settled = !video.paused && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA
  wait() // for a wait that began earlier
}

/** How far the media is buffered without a gap from the current position. */
function bufferedMs(video: HTMLVideoElement): number {
  const at = video.currentTime
  for (let i = 0; i < video.buffered.length; i++) {
    if (video.buffered.start(i) <= at + 0.1 && at <= video.buffered.end(i)) return video.buffered.end(i) * 1000
  }
  return at * 1000
}
