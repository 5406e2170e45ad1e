import { expect, test } from 'vitest'
import { FrameClock } from './frame-clock'
import { SoundClock } from './sound-clock'

const block = 480 // 10 ms

test('sound lies block to block, whatever the jitter of its clock', () => {
  const clock = new SoundClock(48_000)
  expect(clock.place(7_000_000, block, 14_000)).toBe(0) // it began 4 ms after the picture
  expect(clock.place(7_013_000, block, 24_000)).toBe(480)
  expect(clock.place(7_018_000, block, 34_000)).toBe(960)
})

test('what was heard before the picture is left out, and what is missing is left open', () => {
  const clock = new SoundClock(48_000)
  expect(clock.place(1_000_000, block, 5_000)).toBeNull()
  expect(clock.place(1_010_000, block, 15_000)).toBe(0)
  expect(clock.place(1_300_000, block, 305_000)).toBe(14_160) // 295 ms
  expect(clock.place(1_310_000, block, 315_000)).toBe(14_640)
  expect(clock.place(1_100_000, block, 325_000), 'a clock that went back').toBeNull()
})

test('after a pause the sound goes on where it was', () => {
  const clock = new SoundClock(48_000)
  for (let n = 0; n < 100; n++) clock.place(n * 10_000, block, (n + 1) * 10_000)
  clock.reset()
  expect(clock.place(60_000_000, block, 1_012_000)).toBe(48_000)
})

test('half a second without sound is silence, and the sound that comes then has its place', () => {
  const clock = new SoundClock(48_000)
  clock.place(0, block, 10_000)
  expect(clock.silence(400_000)).toBeNull()
  expect(clock.silence(600_000)).toEqual({ at: 480, samples: 16_320 }) // up to 350 ms
  expect(clock.silence(650_000)).toBeNull()
  expect(clock.place(9_000_000, block, 700_000)).toBe(33_120) // 690 ms
})

test('a pause is in no time of a frame', () => {
  const clock = new FrameClock()
  expect(clock.stamp(5_000_000, 1000)).toBe(0)
  clock.leaveOut(60_000)
  expect(clock.stamp(65_033_000, 61_033)).toBe(33_000)
  clock.leaveOut(10_000)
  expect(clock.repeat(71_083)).toBe(83_000)
  expect(clock.stamp(75_123_000, 71_123)).toBe(123_000)
})
