import { expect, test } from 'vitest'
import { contain } from './contain'
import { FrameClock } from './frame-clock'

test('times only grow: over repeated frames, clocks that go back, and another source', () => {
  const clock = new FrameClock()
  expect(clock.stamp(5_000_000, 0)).toBe(0)
  expect(clock.stamp(5_033_000, 33)).toBe(33_000)
  expect([clock.isCrowded(35), clock.isCrowded(40)]).toEqual([true, false])
  expect(clock.isDue(200)).toBe(false)
  expect(clock.isDue(533)).toBe(true)
  expect(clock.repeat(533)).toBe(533_000)
  expect(clock.stamp(5_540_000, 540)).toBe(540_000)
  expect(clock.stamp(4_000_000, 573)).toBe(573_000) // its clock went back
  clock.newSource()
  expect(clock.repeat(673)).toBe(673_000) // the last frame of the old source
  expect(clock.stamp(1, 10_573)).toBe(10_573_000)
  expect(clock.stamp(33_001, 10_606)).toBe(10_606_000)
})

test('a picture of another shape lies whole in the middle', () => {
  expect(contain(1280, 720, 1280, 720)).toEqual({ x: 0, y: 0, width: 1280, height: 720 })
  expect(contain(800, 800, 1280, 720)).toEqual({ x: 280, y: 0, width: 720, height: 720 })
  expect(contain(640, 180, 1280, 720)).toEqual({ x: 0, y: 180, width: 1280, height: 360 })
})
