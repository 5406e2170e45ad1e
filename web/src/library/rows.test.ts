import { describe, expect, test } from 'vitest'
import type { Video } from '../api/videos'
import { addressOf, append, matches, place, type View, viewFrom } from './rows'
import { newVideo } from './sample.test-data'

const all: View = { search: '', trash: false }
const trash: View = { search: '', trash: true }
const gone = '2026-11-22T17:00:00.000Z'
const rows = ['7', '5', '3'].map((id) => newVideo(id))

describe('place', () => {
  const cases: {
    name: string
    rows?: Video[]
    video: Video
    view?: View
    end?: Video
    kept?: string[]
    want: string[]
  }[] = [
    { name: 'the newest goes on top', video: newVideo('9'), want: ['9', '7', '5', '3'] },
    { name: 'one in between goes in between', video: newVideo('4'), want: ['7', '5', '4', '3'] },
    { name: 'the oldest goes to the end when everything is loaded', video: newVideo('1'), want: ['7', '5', '3', '1'] },
    {
      name: 'the oldest waits for its page when there is more',
      video: newVideo('1'),
      end: newVideo('3'),
      want: ['7', '5', '3'],
    },
    {
      name: 'the last row of its page keeps its place when there is more',
      video: newVideo('3', { title: 'New' }),
      end: newVideo('3'),
      want: ['7', '5', '3'],
    },
    {
      name: 'a row goes where its time puts it',
      video: newVideo('3', { createdAt: '2026-11-22T16:40:06.000Z' }),
      want: ['7', '3', '5'],
    },
    { name: 'one that was trashed elsewhere goes', video: newVideo('5', { deletedAt: gone }), want: ['7', '3'] },
    {
      name: 'one that was trashed here stays for its undo',
      video: newVideo('5', { deletedAt: gone }),
      kept: ['5'],
      want: ['7', '5', '3'],
    },
    {
      name: 'one in the trash does not come into the list',
      video: newVideo('9', { deletedAt: gone }),
      want: ['7', '5', '3'],
    },
    {
      name: 'the trash takes what is deleted',
      rows: [],
      video: newVideo('9', { deletedAt: gone }),
      view: trash,
      want: ['9'],
    },
    {
      name: 'a search takes what fits',
      rows: [],
      video: newVideo('9'),
      view: { search: 'update', trash: false },
      want: ['9'],
    },
    {
      name: 'a search leaves the rest',
      rows: [],
      video: newVideo('9'),
      view: { search: 'release', trash: false },
      want: [],
    },
    {
      name: 'a row renamed under a search stays where it is',
      video: newVideo('5', { title: 'New' }),
      view: { search: 'update', trash: false },
      want: ['7', '5', '3'],
    },
  ]
  for (const tc of cases) {
    test(tc.name, () => {
      const got = place(tc.rows ?? rows, tc.video, tc.view ?? all, tc.end, new Set(tc.kept))
      expect(got.map((v) => v.id)).toEqual(tc.want)
    })
  }
  test('the new state is what is shown', () => {
    expect(place(rows, newVideo('5', { title: 'Renamed' }), all, undefined, new Set())[1]?.title).toBe('Renamed')
  })
})

test('a page adds only what is not there', () => {
  expect(append(rows, [newVideo('3'), newVideo('2')]).map((v) => v.id)).toEqual(['7', '5', '3', '2'])
})

test('every word has to be in the title, in any case and with or without accents', () => {
  expect(matches('Kia ora from Māori Bay', 'maori KIA')).toBe(true)
  expect(matches('Kia ora', 'kia bay')).toBe(false)
})

test('a view and its address say the same', () => {
  const views: View[] = [all, trash, { search: 'a b&c', trash: false }, { search: 'x', trash: true }]
  for (const view of views) expect(viewFrom(addressOf(view).slice(1))).toEqual(view)
})
