// Small data on this device. Storage may be full, forbidden or absent. Then the data is kept for
// this page only, and nothing breaks.

export interface SafeStorage {
  get(key: string): string | undefined
  set(key: string, value: string): boolean // false if it will not survive a reload
  remove(key: string): void
}

/** Keeps in memory what storage refuses. */
export function makeSafeStorage(storage: Storage | undefined): SafeStorage {
  const memory = new Map<string, string>()
  return {
    get(key) {
      try {
        return memory.get(key) ?? storage?.getItem(key) ?? undefined
      } catch {
        return undefined
      }
    },
    set(key, value) {
      try {
        if (!storage) throw new Error('no storage')
        storage.setItem(key, value)
        memory.delete(key)
        return true
      } catch {
        memory.set(key, value)
        return false
      }
    },
    remove(key) {
      memory.delete(key)
      try {
        storage?.removeItem(key)
      } catch {
        // it was not stored there either
      }
    },
  }
}

/**
 * The device's storage, or this tab's. Even reading the property throws if the browser forbids it.
 */
export function openSafeStorage(where: 'device' | 'tab' = 'device'): SafeStorage {
  try {
    return makeSafeStorage(where === 'device' ? window.localStorage : window.sessionStorage)
  } catch {
    return makeSafeStorage(undefined)
  }
}
