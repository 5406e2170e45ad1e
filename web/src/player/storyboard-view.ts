// The picture above the seek bar. It is loaded only when somebody points at the bar.
import { make } from '../ui/dom'
import { parseTiles, type Tile, tileAt } from './storyboard'

export interface StoryboardView {
  /**
   * The address of the cues; undefined if there are none. A sheet that is already shown stays until
   * the next load.
   */
  setAddress(url: string | undefined): void
}

/** Puts the picture into the bar's own preview, which moves with the pointer and shows the time. */
export function addStoryboard(range: HTMLElement, signal: AbortSignal): StoryboardView {
  const picture = make('div', 'tile')
  picture.slot = 'preview'
  picture.hidden = true
  const time = document.createElement('media-preview-time-display')
  time.slot = 'preview'
  range.append(picture, time)

  let address: string | undefined
  let loaded: string | undefined // the address of tiles, loaded or loading
  let tiles: Tile[] = []
  let pointedMs: number | undefined

  const draw = () => {
    const tile = pointedMs === undefined ? undefined : tileAt(tiles, pointedMs)
    picture.hidden = tile === undefined
    if (!tile) return
    picture.style.width = `${tile.width}px`
    picture.style.height = `${tile.height}px`
    picture.style.backgroundImage = `url("${tile.image}")`
    picture.style.backgroundPosition = `${-tile.x}px ${-tile.y}px`
  }
  const load = async () => {
    if (address === undefined || address === loaded) return
    const wanted = address
    loaded = wanted
    try {
      const response = await fetch(wanted, { signal })
      if (!response.ok) throw new Error(`cues: ${response.status}`)
      tiles = parseTiles(await response.text(), wanted)
      // only one sheet, so it has loaded before the pointer rests
      for (const image of new Set(tiles.map((tile) => tile.image))) new Image().src = image
      draw()
    } catch {
      // only the time is shown; the next look tries again
      if (loaded === wanted) loaded = undefined
    }
  }
  for (const name of ['pointerenter', 'focusin'] as const) range.addEventListener(name, () => void load(), { signal })
  range.addEventListener(
    'mediapreviewrequest',
    (event) => {
      if (!(event instanceof CustomEvent)) return
      pointedMs = typeof event.detail === 'number' ? event.detail * 1000 : undefined
      if (pointedMs !== undefined) draw() // else it fades out with its last picture
    },
    { signal },
  )
  return {
    setAddress(url) {
      address = url
    },
  }
}
