import { describe, expect, it } from 'vitest'
import { parseTiles, tileAt } from './storyboard'

const base = '/m/x/g1/storyboard.vtt'
const vtt = `WEBVTT

00:00:00.000 --> 00:00:02.000
storyboard.jpg#xywh=0,0,160,90

00:00:02.000 --> 01:00:04.500
storyboard.jpg#xywh=160,90,160,90
`
const image = '/m/x/g1/storyboard.jpg'
const first = { startMs: 0, endMs: 2_000, image, x: 0, y: 0, width: 160, height: 90 }
const second = { startMs: 2_000, endMs: 3_604_500, image, x: 160, y: 90, width: 160, height: 90 }

describe('parseTiles', () => {
  it('reads times, the sheet beside the cues, and the place in it', () =>
    expect(parseTiles(vtt, base)).toEqual([first, second]))
  it('takes other line ends, names, settings and short times', () =>
    expect(
      parseTiles(
        `WEBVTT\r\n\r\nNOTE it\r\n\r\none\r\n00:00.000 --> 00:02.000 line:0\r\nstoryboard.jpg#xywh=pixel:0,0,160,90`,
        base,
      ),
    ).toEqual([first]))
  it.each([
    { name: 'words', cue: '00:00.000 --> 00:02.000\nHello' },
    { name: 'no time', cue: 'storyboard.jpg#xywh=0,0,160,90' },
    { name: 'a broken time', cue: '0:0 --> 00:02.000\nstoryboard.jpg#xywh=0,0,160,90' },
    { name: 'per cent', cue: '00:00.000 --> 00:02.000\nstoryboard.jpg#xywh=percent:0,0,10,10' },
    { name: 'nothing to see', cue: '00:00.000 --> 00:02.000\nstoryboard.jpg#xywh=0,0,0,0' },
  ])('leaves out $name', ({ cue }) => expect(parseTiles(`WEBVTT\n\n${cue}\n`, base)).toEqual([]))
})

describe('tileAt', () => {
  it.each([
    { ms: 0, want: first },
    { ms: 1_999, want: first },
    { ms: 2_000, want: second },
    { ms: 9_999_999, want: second },
    { ms: -1, want: first },
  ])('$ms ms', ({ ms, want }) => expect(tileAt([first, second], ms)).toBe(want))
  it('is nothing without tiles', () => expect(tileAt([], 0)).toBeUndefined())
})
