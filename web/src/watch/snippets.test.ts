import { describe, expect, it } from 'vitest'
import { embedCodeOf, markdownOf, type Snippet } from './snippets'

const base: Snippet = {
  title: 'What changed',
  pageUrl: 'https://x.example/v/abc',
  posterUrl: 'https://x.example/v/abc/poster.jpg',
  embedUrl: 'https://x.example/embed/abc',
  width: 1920,
  height: 1080,
}

describe('markdownOf', () => {
  it('is the poster, leading to the page', () =>
    expect(markdownOf(base)).toBe('[![What changed](https://x.example/v/abc/poster.jpg)](https://x.example/v/abc)'))
  it('is a plain link without a poster', () =>
    expect(markdownOf({ ...base, posterUrl: undefined })).toBe('[What changed](https://x.example/v/abc)'))
  it('keeps what a title holds from meaning anything', () =>
    expect(markdownOf({ ...base, title: 'a](https://evil.example) <b>\n *c*' })).toBe(
      '[![a\\]\\(https://evil.example\\) \\<b\\> \\*c\\*](https://x.example/v/abc/poster.jpg)](https://x.example/v/abc)',
    ))
})

describe('embedCodeOf', () => {
  it.each([
    { name: 'a wide picture', size: { width: 1920, height: 1080 }, want: 'width="960" height="540"' },
    { name: 'an upright one', size: { width: 1080, height: 1920 }, want: 'width="405" height="720"' },
    { name: 'one of unknown size', size: { width: 0, height: 0 }, want: 'width="960" height="540"' },
  ])('$name', ({ size, want }) => expect(embedCodeOf({ ...base, ...size })).toContain(want))
  it('escapes the title', () => {
    const code = embedCodeOf({ ...base, title: `"><script>'&` })
    expect(code).toContain('title="&quot;&gt;&lt;script&gt;&#39;&amp;"')
    expect(code).not.toContain('<script')
  })
})
