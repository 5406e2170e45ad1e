import { expect, test } from 'vitest'
import { fingerprintOf, Ledger } from './ledger'

class MemoryStorage implements Storage {
  private readonly rows = new Map<string, string>()
  get length(): number {
    return this.rows.size
  }
  key(i: number): string | null {
    return [...this.rows.keys()][i] ?? null
  }
  getItem(key: string): string | null {
    return this.rows.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    this.rows.set(key, value)
  }
  removeItem(key: string): void {
    this.rows.delete(key)
  }
  clear(): void {
    this.rows.clear()
  }
}

const file = { name: 'clip.mov', type: 'video/quicktime', size: 9, lastModified: 1 }
const entry = {
  fingerprint: fingerprintOf(file),
  fileName: 'clip.mov',
  sizeBytes: 9,
  videoId: 'v',
  watchUrl: 'https://here.example/v/a',
  uploadUrl: '/api/v1/files/u',
  aliveUntilMs: 0,
}

test('the same file is found again, by the same person only', () => {
  const storage = new MemoryStorage()
  new Ledger(storage, 'ann').put(entry)
  expect(new Ledger(storage, 'ann').find(fingerprintOf({ ...file }))).toEqual({ ...entry, userId: 'ann' })
  expect(new Ledger(storage, 'ann').find(fingerprintOf({ ...file, lastModified: 2 }))).toBeNull()
  expect(new Ledger(storage, 'ben').all()).toEqual([])
})

test('a sign of life is kept and taken back', () => {
  const ledger = new Ledger(new MemoryStorage(), 'ann')
  ledger.put(entry)
  ledger.touch(entry.fingerprint, 5000)
  expect(ledger.all().map((e) => e.aliveUntilMs)).toEqual([5000])
  ledger.remove(entry.fingerprint)
  ledger.touch(entry.fingerprint, 6000)
  expect(ledger.all()).toEqual([])
})

test('rows that are no entries are passed over', () => {
  const storage = new MemoryStorage()
  storage.setItem('meanwhile.upload.ann.x', '{')
  storage.setItem('meanwhile.upload.ann.y', '{"fingerprint":1}')
  storage.setItem('theme', 'dark')
  expect(new Ledger(storage, 'ann').all()).toEqual([])
})

test('a full storage stops nothing', () => {
  const storage = new MemoryStorage()
  storage.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  expect(() => new Ledger(storage, 'ann').put(entry)).not.toThrow()
})
