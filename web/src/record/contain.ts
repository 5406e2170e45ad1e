export type Box = { x: number; y: number; width: number; height: number }

/**
 * contain returns the place of a picture in a frame of another aspect ratio: as large as possible,
 * uncropped, centred.
 */
export function contain(width: number, height: number, intoWidth: number, intoHeight: number): Box {
  const scale = Math.min(intoWidth / width, intoHeight / height)
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)]
  return { x: Math.round((intoWidth - w) / 2), y: Math.round((intoHeight - h) / 2), width: w, height: h }
}
