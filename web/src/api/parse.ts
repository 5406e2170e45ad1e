// Narrowing of wire data. Each reader answers with the value or throws a WireError that names the field.

export class WireError extends Error {
  constructor(field: string, want: string) {
    super(`answer of the server: ${field} is not ${want}`)
    this.name = 'WireError'
  }
}

export type Wire = Readonly<Record<string, unknown>>

export function readObject(value: unknown, field: string): Wire {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WireError(field, 'an object')
  return value as Wire
}

export function readString(from: Wire, key: string): string {
  const value = from[key]
  if (typeof value !== 'string') throw new WireError(key, 'text')
  return value
}

/** Absent, null and empty text are all undefined. */
export function readText(from: Wire, key: string): string | undefined {
  const value = from[key]
  if (value === undefined || value === null || value === '') return undefined
  return readString(from, key)
}

export function readNumber(from: Wire, key: string): number {
  const value = from[key]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new WireError(key, 'a number')
  return value
}

/** Absent and null are undefined. */
export function readMaybeNumber(from: Wire, key: string): number | undefined {
  const value = from[key]
  if (value === undefined || value === null) return undefined
  return readNumber(from, key)
}

/** Anything but true is false. */
export function readFlag(from: Wire, key: string): boolean {
  return from[key] === true
}

/** Absent and null are the empty list. */
export function readList<T>(from: Wire, key: string, readItem: (item: unknown) => T): T[] {
  const value = from[key]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new WireError(key, 'a list')
  return value.map(readItem)
}

export function readItemText(item: unknown): string {
  if (typeof item !== 'string') throw new WireError('item', 'text')
  return item
}
