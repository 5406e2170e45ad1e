import { describe, expect, it } from 'vitest'
import { boxOf, bubbleAt, centreAt, keepUp } from './bubble'

const corner = { atMs: 0, x: 0.1, y: 0.9, size: 0.2, visible: true }
const hidden = { ...corner, atMs: 5000, visible: false }
const phase = { width: 1000, height: 1000 }
const picture = { width: 1920, height: 1080 }

describe('bubbleAt', () => {
  it.each([
    [0, corner],
    [4999, corner],
    [5000, hidden],
    [90_000, hidden],
  ])('at %i ms', (ms, want) => expect(bubbleAt([corner, hidden], ms)).toBe(want))
  it('is nothing without a layout', () => expect(bubbleAt([], 0)).toBeUndefined())
})

describe('boxOf', () => {
  it('lies in the picture, not in the bars beside it, and never outside', () => {
    const box = boxOf({ ...corner, x: 0, y: 1 }, phase, picture)
    expect(box.left).toBeCloseTo(0)
    expect(box.top + box.size).toBeCloseTo(1000 - (1000 - 562.5) / 2)
    expect(box.size).toBeCloseTo(112.5)
  })
  it('turns a point of the stage into a centre and back', () => {
    const box = boxOf(corner, phase, picture)
    const centre = centreAt({ x: box.left + box.size / 2, y: box.top + box.size / 2 }, phase, picture)
    expect(centre.x).toBeCloseTo(corner.x)
    expect(centre.y).toBeCloseTo(corner.y)
  })
})

describe('keepUp', () => {
  it.each([
    { name: 'together', camera: 1000, want: { at: 'speed', rate: 1 } },
    { name: 'a little behind', camera: 950, want: { at: 'speed', rate: 1.05 } },
    { name: 'a little ahead', camera: 1060, want: { at: 'speed', rate: 0.95 } },
    { name: 'far behind', camera: 500, want: { at: 'jump', toMs: 1000 } },
  ])('$name', ({ camera, want }) => expect(keepUp(camera, 1040, 40, 1)).toEqual(want))
  it('waits at the beginning for a camera that begins later', () =>
    expect(keepUp(0, 10, 300, 1)).toEqual({ at: 'jump', toMs: 0 }))
})
