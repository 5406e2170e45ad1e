import { describe, expect, it } from 'vitest'
import { isEmpty } from './poster'

const picture = (...pixels: [number, number, number][]) => new Uint8ClampedArray(pixels.flatMap((rgb) => [...rgb, 255]))

describe('a picture', () => {
  it.each([
    ['that is black', picture([0, 0, 0], [0, 0, 0]), true],
    ['that is white with the noise of compression', picture([255, 255, 255], [240, 244, 250]), true],
    ['of one colour', picture([11, 110, 95], [12, 112, 96]), true],
    ['with something dark on white', picture([255, 255, 255], [255, 255, 255], [200, 200, 200]), false],
    ['whose parts differ in one colour alone', picture([0, 0, 0], [0, 0, 60]), false],
  ])('%s', (_, pixels, empty) => {
    expect(isEmpty(pixels)).toBe(empty)
  })
})
