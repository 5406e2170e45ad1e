import { expect, test } from 'vitest'
import type { Progress } from './chunk-uploader'
import { offerWords, type RecoveryOffer } from './recovery-offer'

const onServer: Progress = {
  videoId: 'v1',
  watchUrl: '/v/w1',
  takenMs: 12_000,
  safeMs: 10_000,
  waitingMs: 2000,
  waitingBytes: 9,
  problem: { at: 'none' },
  sealed: false,
}
const whole: Progress = { ...onServer, safeMs: 12_000, waitingMs: 0, waitingBytes: 0 }
const long: Progress = { ...whole, takenMs: 300_000, safeMs: 300_000 }
const onDevice: Progress = { ...onServer, videoId: null, watchUrl: null, safeMs: 0, waitingMs: 12_000 }

test('an offer says what becomes of a recording, and that it can be undone', () => {
  const cases: { offer: RecoveryOffer; says: string }[] = [
    {
      offer: { at: 'offered', stopped: false, progress: onServer },
      says: 'A recording (today) was cut off. 12 s, 2 s still on this device, on its way. Nothing is lost.',
    },
    {
      offer: { at: 'doubted', progress: onServer },
      says: 'Discard this recording? 12 s. It goes to the trash, and you can undo that.',
    },
    {
      offer: { at: 'doubted', progress: onDevice },
      says: 'Discard this recording? 12 s. It is only on this device. You can undo that until you leave this page.',
    },
    {
      offer: { at: 'discarded', progress: onServer, where: 'trash', canUndo: true },
      says: 'Discarded a recording of 12 s. What had arrived is in the trash. The rest is on this device until you leave this page.',
    },
    {
      offer: { at: 'discarded', progress: onServer, where: 'trash', canUndo: false },
      says: 'Discarded a recording of 12 s. What had arrived is in the trash.',
    },
    {
      offer: { at: 'discarded', progress: whole, where: 'trash', canUndo: true },
      says: 'Discarded a recording of 12 s. In the trash; of short takes the last three stay.',
    },
    {
      offer: { at: 'discarded', progress: long, where: 'trash', canUndo: false },
      says: 'Discarded a recording of 300 s. In the trash for 30 days.',
    },
    {
      offer: { at: 'discarded', progress: whole, where: 'refused', canUndo: true },
      says: 'Discarded a recording of 12 s. The server refused to put it into the trash. It is still on this device, and may appear among your videos: delete it there.',
    },
    {
      offer: { at: 'discarded', progress: onServer, where: 'leaving', canUndo: false },
      says: 'Discarded a recording of 12 s. On its way to the trash.',
    },
    {
      offer: { at: 'discarded', progress: onDevice, where: 'device', canUndo: true },
      says: 'Discarded a recording of 12 s. It was only on this device: it is gone when you leave this page.',
    },
    {
      offer: { at: 'discarded', progress: onDevice, where: 'device', canUndo: false },
      says: 'The recording is gone.',
    },
  ]
  for (const { offer, says } of cases) {
    const { lead, rest } = offerWords(offer, 'today', (ms) => `${ms / 1000} s`)
    expect(`${lead} ${rest}`.trim()).toBe(says)
  }
})
