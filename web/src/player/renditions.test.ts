import { describe, expect, it } from 'vitest'
import type { Source } from '../api/shared-video'
import { AUTO, choosePlan, fileFor, parseRenditions, qualities, type Rendition, samePlan } from './renditions'
import type { Media } from './sources'

function source(width: number, height: number): Source {
  return { type: 'video/mp4', url: `/m/x/g1/${Math.min(width, height)}p.mp4`, width, height }
}

const [full, half] = [source(1920, 1080), source(1280, 720)]
const [tall, small] = [source(1080, 1920), source(720, 1280)]
const media: Media = { sources: [full, half], hls: '/m/x/g1/hls.m3u8' }
const renditions: Rendition[] = [
  { url: '/m/x/g1/480p.m3u8', width: 854, height: 480 },
  { url: '/m/x/g1/720p.m3u8', width: 1280, height: 720 },
  { url: '/m/x/g1/1080p.m3u8', width: 1920, height: 1080 },
]
const large = { width: 2560, height: 1440 }

describe('fileFor', () => {
  it.each([
    { name: 'a large window: the largest', sources: [full, half], screen: large, want: full },
    {
      name: 'a window that the smaller one fills',
      sources: [full, half],
      screen: { width: 1280, height: 720 },
      want: half,
    },
    { name: 'a phone held upright', sources: [full, half], screen: { width: 1170, height: 2532 }, want: half },
    { name: 'the same phone on its side', sources: [full, half], screen: { width: 2532, height: 1170 }, want: full },
    {
      name: 'a low window, wide as it may be',
      sources: [full, half],
      screen: { width: 3000, height: 700 },
      want: half,
    },
    {
      name: 'an upright picture on a phone',
      sources: [tall, small],
      screen: { width: 1170, height: 2532 },
      want: tall,
    },
    { name: 'an upright picture on a desk', sources: [tall, small], screen: { width: 1440, height: 900 }, want: small },
    {
      name: 'sizes that are not known: the first',
      sources: [source(0, 0), source(0, 0)],
      screen: large,
      want: source(0, 0),
    },
    { name: 'nothing', sources: [], screen: large, want: undefined },
  ])('$name', ({ sources, screen, want }) => expect(fileFor(sources, screen)).toEqual(want))
})

describe('qualities', () => {
  it('names files and rungs once each, the largest first', () =>
    expect(qualities(media, renditions)).toEqual(['1080p', '720p', '480p']))
  it('goes by the shorter side', () =>
    expect(qualities({ sources: [tall, small], hls: undefined }, [])).toEqual(['1080p', '720p']))
  it('is no choice with one size', () => expect(qualities({ sources: [full], hls: undefined }, [])).toEqual([]))
  it('leaves out what has no size', () =>
    expect(qualities({ sources: [full, source(0, 0)], hls: undefined }, [])).toEqual([]))
})

describe('choosePlan', () => {
  const stream = { at: 'stream', url: '/m/x/g1/hls.m3u8' }
  it.each([
    {
      name: 'auto: the file for the screen',
      selectedQuality: AUTO,
      preferStream: false,
      want: { at: 'files', sources: [full, half] },
    },
    { name: 'auto on a link that did not carry it', selectedQuality: AUTO, preferStream: true, want: stream },
    {
      name: 'a size that is a file',
      selectedQuality: '720p',
      preferStream: true,
      want: { at: 'files', sources: [half, full] },
    },
    {
      name: 'a size that is a rung alone',
      selectedQuality: '480p',
      preferStream: false,
      want: { at: 'stream', url: '/m/x/g1/480p.m3u8' },
    },
    {
      name: 'a size that this video has not is auto',
      selectedQuality: '360p',
      preferStream: false,
      want: { at: 'files', sources: [full, half] },
    },
  ])('$name', ({ selectedQuality, preferStream, want }) =>
    expect(choosePlan(media, renditions, selectedQuality, preferStream, large)).toEqual(want),
  )

  it('without a stream there is none to switch to', () =>
    expect(choosePlan({ ...media, hls: undefined }, [], AUTO, true, large)).toEqual({
      at: 'files',
      sources: [full, half],
    }))

  it('is the same under another grant, and not with another file first', () => {
    const renewed = { ...full, url: full.url.replace('/x/', '/y/') }
    expect(samePlan({ at: 'files', sources: [full] }, { at: 'files', sources: [renewed, half] })).toBe(true)
    expect(samePlan({ at: 'files', sources: [full] }, { at: 'files', sources: [half, full] })).toBe(false)
    expect(samePlan({ at: 'files', sources: [full] }, { at: 'stream', url: full.url })).toBe(false)
  })
})

describe('parseRungs', () => {
  const head = '#EXTM3U\n#EXT-X-VERSION:7\n'
  it('reads sizes and addresses, relative to the list', () => {
    const text = `${head}#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=854x480,CODECS="avc1.4d401f,mp4a.40.2"\r\n480p.m3u8\r\n#EXT-X-STREAM-INF:BANDWIDTH=5000000,CODECS="avc1.640028",RESOLUTION=1920x1080\n1080p.m3u8\n`
    expect(parseRenditions(text, '/m/x/g1/hls.m3u8')).toEqual([renditions[0], renditions[2]])
  })
  it.each([
    { name: 'a rung without a size', text: '#EXT-X-STREAM-INF:BANDWIDTH=900000\n480p.m3u8' },
    { name: 'a rung without an address', text: '#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=854x480\n#EXT-X-ENDLIST' },
    { name: 'the list of one rung', text: '#EXTINF:2.0,\n#EXT-X-BYTERANGE:1@0\n480p.m4s' },
    { name: 'something else', text: '<html>' },
  ])('leaves out $name', ({ text }) => expect(parseRenditions(head + text, '/m/x/g1/hls.m3u8')).toEqual([]))
})
