// Frames in, frames out. When nothing moves, the last one is given again.
import { FrameClock, repeatAfterMs } from './frame-clock'
import type { ToRelay } from './relay'

const clock = new FrameClock()
let writer: WritableStreamDefaultWriter<VideoFrame> | undefined
let reader: ReadableStreamDefaultReader<VideoFrame> | undefined
let last: VideoFrame | undefined
let isBusy = false

addEventListener('message', (event: MessageEvent<ToRelay>) => {
  if ('writable' in event.data) writer = event.data.writable.getWriter()
  else void follow(event.data.readable)
})

setInterval(() => {
  if (last && reader && clock.isDue(performance.now())) void pass(last.clone(), last.timestamp)
}, repeatAfterMs / 2)

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
    await pass(value, value.timestamp)
  }
  if (reader === mine) reader = undefined // what is shared has ended: nothing is repeated
}

async function pass(frame: VideoFrame, timestampUs: number): Promise<void> {
  if (!writer || isBusy || clock.isCrowded(performance.now())) {
    frame.close() // slower than they come: this one is left out
    return
  }
  isBusy = true
  const out = new VideoFrame(frame, { timestamp: clock.stamp(timestampUs, performance.now()) })
  frame.close()
  await writer.write(out).catch(() => out.close())
  isBusy = false
}
