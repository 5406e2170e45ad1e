// The recorder's messages, in words.
import { formatPosition } from '../ui/time-code'
import type { Source } from './capabilities'
import type { Progress } from './chunk-uploader'
import type { Phase } from './machine'
import type { Quiet } from './watchdog'

export const sourceWords: Record<Source, { name: string; sign: string }> = {
  both: { name: 'Both', sign: '▣' },
  screen: { name: 'Screen', sign: '▭' },
  camera: { name: 'Camera', sign: '◉' },
  sound: { name: 'Voice', sign: '♪' },
}

/** phaseWords is the word beside the clock. */
export function phaseWords(phase: Phase): string {
  switch (phase.at) {
    case 'recording':
      return 'Recording'
    case 'paused':
      return 'Paused'
    case 'interrupted':
      return 'Sharing has ended'
    case 'stopping':
      return 'Stopping'
    case 'uploading':
      return 'Sending the rest'
    case 'done':
      return 'Done'
    case 'idle':
    case 'acquiring':
    case 'countdown':
    case 'failed':
      return ''
    default:
      return never(phase)
  }
}

/** A chunk or two on the way is normal, and no news. */
const worthSayingMs = 6000

/** safetyWords says how much of the recording the server has. */
export function safetyWords(p: Progress | null): { text: string; isWarning: boolean } {
  if (!p) return { text: 'Kept on this device', isWarning: false }
  const waiting = `${Math.ceil(p.waitingMs / 1000)} s waiting to upload`
  switch (p.problem.at) {
    case 'stuck':
      return { text: 'Kept on this device', isWarning: true }
    case 'signed-out':
      return { text: `You are signed out. ${waiting}`, isWarning: true }
    case 'away':
      if (p.problem.because === 'full') return { text: `The server’s disk is full. ${waiting}`, isWarning: true }
      return {
        text: `${p.problem.because === 'network' ? 'No connection' : 'The server is away'}. ${waiting}`,
        isWarning: true,
      }
    case 'none':
      if (p.waitingMs > worthSayingMs) return { text: waiting, isWarning: false }
      return {
        text: p.safeMs > 0 ? `Safe on the server up to ${formatPosition(p.safeMs)}` : 'Kept on this device',
        isWarning: false,
      }
    default:
      return never(p.problem)
  }
}

/**
 * quietWords says what is missing; null if nothing is. Only if pictures or sound of the main track
 * do not come, it is of no use to go on.
 */
export function quietWords(quiet: readonly Quiet[], hasPicture: boolean): string | null {
  const main = quiet.find(({ track }) => track === 'screen')
  if (main?.is === 'stopped')
    return `No ${hasPicture ? 'picture' : 'sound'} comes any more, so nothing is being recorded. What came before is kept: stop, and begin another one.`
  if (main) return lateWords
  const camera = quiet.find(({ track }) => track === 'camera')
  if (camera?.is === 'stopped') return 'No picture comes from your camera any more. The rest of the recording goes on.'
  return camera ? lateWords : null
}

const lateWords = 'The last seconds of your recording are late. Everything before them is kept.'

function never(x: never): never {
  throw new Error(`unexpected ${JSON.stringify(x)}`)
}
