// The chosen quality, remembered in this tab for every video, and the page's data for the choice.
import type { SafeStorage } from '../ui/safe-storage'
import { AUTO, parseRenditions, type Rendition, type Screen } from './renditions'

const KEY = 'meanwhile:quality'

export function readQuality(tab: SafeStorage): string {
  const kept = tab.get(KEY) ?? AUTO
  return /^\d{2,5}p$/.test(kept) ? kept : AUTO
}

export function keepQuality(tab: SafeStorage, name: string): void {
  tab.set(KEY, name)
}

/** In full screen the picture is as large as the window in device pixels. */
export function screenOf(view: Window): Screen {
  return { width: view.innerWidth * view.devicePixelRatio, height: view.innerHeight * view.devicePixelRatio }
}

/** The rungs in the list at url; none if it cannot be loaded now. */
export async function fetchRenditions(url: string, signal: AbortSignal): Promise<Rendition[]> {
  try {
    const response = await fetch(url, { signal })
    return response.ok ? parseRenditions(await response.text(), url) : []
  } catch {
    return []
  }
}
