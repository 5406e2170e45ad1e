// The rim of link.ts: a <video> tells of its stalls.
import { judge, type Link, newLink, type Verdict } from './link'

const LOOK_MS = 250

/**
 * Watches video until signal ends it. onVerdict hears prepare and switch, each time that they are
 * found.
 */
export function watchLink(
  video: HTMLVideoElement,
  onVerdict: (verdict: Exclude<Verdict, 'fine'>) => void,
  signal: AbortSignal,
): void {
  let link: Link = newLink
  let checking: ReturnType<typeof setInterval> | undefined
  let settled = false // it has played on since the start, or since the last jump

  const judged = (event: Parameters<typeof judge>[1]) => {
    const next = judge(link, event)
    link = next.link
    if (next.verdict !== 'fine') onVerdict(next.verdict)
  }
  const over = () => {
    clearInterval(checking)
    checking = undefined
    judged({ at: 'over' })
  }
  const check = () => {
    // Without its header nothing is known of the file, and a link that is cut is not a slow one.
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
  wait() // for what was asked for before anybody watched
}

/** How far the media has come in without a gap from where it plays. */
function bufferedMs(video: HTMLVideoElement): number {
  const at = video.currentTime
  for (let i = 0; i < video.buffered.length; i++) {
    if (video.buffered.start(i) <= at + 0.1 && at <= video.buffered.end(i)) return video.buffered.end(i) * 1000
  }
  return at * 1000
}
