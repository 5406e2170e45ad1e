// Frames in, frames out, all of one size. If nothing moves, the last frame is repeated.
import { FrameClock, repeatAfterMs } from './frame-clock'
import { Framer } from './framer'
import type { ToRelay } from './relay'

const clock = new FrameClock()
const framer = new Framer()
let writer: WritableStreamDefaultWriter<VideoFrame> | undefined
let reader: ReadableStreamDefaultReader<VideoFrame> | undefined
let last: VideoFrame | undefined
let isBusy = false
let frames = 0

addEventListener('message', (event: MessageEvent<ToRelay>) => {
  if ('writable' in event.data) writer = event.data.writable.getWriter()
  else void follow(event.data.readable)
})

setInterval(() => {
  if (last && reader && clock.isDue(performance.now())) void pass(last.clone(), true)
}, repeatAfterMs / 2)

setInterval(() => postMessage(frames), 1000)

async function follow(readable: ReadableStream<VideoFrame>): Promise<void> {
  await reader?.cancel().catch(() => undefined)
  const mine = readable.getReader()
  reader = mine
  clock.newSource()
  for (;;) {
    const { done, value } = await mine.read()
    if (done) break
    last?.close()
    last = value.clone()
    await pass(value)
  }
  if (reader === mine) reader = undefined // the share has ended: repeat nothing
}

async function pass(frame: VideoFrame, isAgain = false): Promise<void> {
  frames++
  const nowMs = performance.now()
  if (!writer || isBusy || clock.isCrowded(nowMs)) {
    frame.close() // they come faster than we write: drop this one
    return
  }
  isBusy = true
  const out = framer.framed(frame, { timestamp: isAgain ? clock.repeat(nowMs) : clock.stamp(frame.timestamp, nowMs) })
  frame.close()
  await writer.write(out).catch(() => out.close())
  isBusy = false
}
