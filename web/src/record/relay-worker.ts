// Frames in, frames out, all of one size: a window that is resized, or another one in its place, would change the stream's description, which
// no MP4 with avc1 survives. When nothing moves, the last frame is given again.
import { contain } from './contain'
import { FrameClock, repeatAfterMs } from './frame-clock'
import type { ToRelay } from './relay'

const clock = new FrameClock()
let writer: WritableStreamDefaultWriter<VideoFrame> | undefined
let reader: ReadableStreamDefaultReader<VideoFrame> | undefined
let last: VideoFrame | undefined
let canvas: OffscreenCanvas | undefined // of the first frame's size
let isBusy = false

addEventListener('message', (event: MessageEvent<ToRelay>) => {
  if ('writable' in event.data) writer = event.data.writable.getWriter()
  else void follow(event.data.readable)
})

setInterval(() => {
  if (last && reader && clock.isDue(performance.now())) void pass(last.clone())
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
    await pass(value)
  }
  if (reader === mine) reader = undefined // what is shared has ended: nothing is repeated
}

async function pass(frame: VideoFrame): Promise<void> {
  if (!writer || isBusy || clock.isCrowded(performance.now())) {
    frame.close() // slower than they come: this one is left out
    return
  }
  isBusy = true
  const out = framed(frame, clock.stamp(frame.timestamp, performance.now()))
  frame.close()
  await writer.write(out).catch(() => out.close())
  isBusy = false
}

/** framed is the frame with another time, and with bars around it where it is not of the first one's size. */
function framed(frame: VideoFrame, timestamp: number): VideoFrame {
  const { displayWidth: width, displayHeight: height } = frame
  canvas ??= new OffscreenCanvas(width, height)
  if (width === canvas.width && height === canvas.height) return new VideoFrame(frame, { timestamp })
  const context = canvas.getContext('2d', { alpha: false })
  const box = contain(width, height, canvas.width, canvas.height)
  context?.clearRect(0, 0, canvas.width, canvas.height)
  context?.drawImage(frame, box.x, box.y, box.width, box.height)
  return new VideoFrame(canvas, { timestamp })
}
