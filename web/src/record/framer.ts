// Makes all frames the size of the first. A resized window, or another one in its place, would
// change the stream's description, and an MP4 with avc1 cannot change it.
import { contain } from './contain'

export class Framer {
  private first: { width: number; height: number } | undefined
  private canvas: OffscreenCanvas | undefined

  /** Width and height are cut down to a multiple of this: H.264 encoders accept no odd sizes. */
  constructor(private readonly multiple: 1 | 2 = 1) {}

  /** sizeOf is the size of the output: the first frame's. */
  sizeOf(frame: VideoFrame): { width: number; height: number } {
    this.first ??= { width: frame.displayWidth, height: frame.displayHeight }
    const { width, height } = this.first
    return { width: width - (width % this.multiple), height: height - (height % this.multiple) }
  }

  /** framed is the frame with another time. If its size is not the first one's, it gets bars. */
  framed(frame: VideoFrame, init: { timestamp: number; duration?: number }): VideoFrame {
    const { displayWidth: width, displayHeight: height } = frame
    const size = this.sizeOf(frame)
    if (width === size.width && height === size.height) return new VideoFrame(frame, init)
    if (width === this.first?.width && height === this.first.height) return cropped(frame, size, init)
    this.canvas ??= new OffscreenCanvas(size.width, size.height)
    const context = this.canvas.getContext('2d', { alpha: false })
    const box = contain(width, height, size.width, size.height)
    context?.clearRect(0, 0, size.width, size.height)
    context?.drawImage(frame, box.x, box.y, box.width, box.height)
    return new VideoFrame(this.canvas, init)
  }
}

/** cropped leaves out a row or a column, which costs nothing. */
function cropped(
  frame: VideoFrame,
  size: { width: number; height: number },
  init: { timestamp: number; duration?: number },
): VideoFrame {
  const { x, y } = frame.visibleRect ?? { x: 0, y: 0 }
  return new VideoFrame(frame, {
    ...init,
    visibleRect: { x, y, ...size },
    displayWidth: size.width,
    displayHeight: size.height,
  })
}
