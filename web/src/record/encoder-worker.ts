// The edge of the worker that encodes: messages in, messages out. It is loaded only if the
// browser's own recorder is not used.
import { canEncodeAudio, Quality } from 'mediabunny'
import type { FromEncoders, ToEncoders } from './encoders'
import { Encoding } from './encoding'
import type { TrackName } from './track'

const encodings = new Map<TrackName, Encoding>()
const sound = chooseSound()
void sound.then(() => tell({ event: 'ready' }))

addEventListener('message', (event: MessageEvent<ToEncoders>) => void take(event.data))

function tell(message: FromEncoders): void {
  postMessage(message)
}

async function take(message: ToEncoders): Promise<void> {
  const chosen = await sound // all messages wait for it, in order
  const { track } = message
  const encoding = encodings.get(track)
  switch (message.command) {
    case 'record':
      return record(message, chosen)
    case 'use':
      return encoding?.use(message.picture)
    case 'pause':
      return encoding?.pause()
    case 'resume':
      return encoding?.resume()
    case 'stop':
      encodings.delete(track)
      await encoding?.stop().catch(() => undefined)
      return tell({ event: 'stopped', track })
    default: {
      const unexpected: never = message
      return unexpected
    }
  }
}

function record({ track, plan, inputs }: Extract<ToEncoders, { command: 'record' }>, chosen: 'aac' | 'opus'): void {
  const codecs = [inputs.picture && plan.video, inputs.sound && (chosen === 'aac' ? 'mp4a.40.2' : 'opus')].filter(
    Boolean,
  )
  const type = `${inputs.picture ? 'video' : 'audio'}/mp4;codecs=${codecs.join(',')}`
  const encoding = new Encoding({ ...plan, sound: chosen }, inputs, {
    onStart: () => tell({ event: 'started', track, atMs: performance.timeOrigin + performance.now() }),
    onPiece: (piece) => tell({ event: 'piece', track, piece, type }),
    onBroken: () => tell({ event: 'lost', track }),
  })
  encodings.set(track, encoding)
}

setInterval(() => {
  for (const [track, encoding] of encodings) tell({ event: 'frames', track, count: encoding.frames })
}, 1000)

/**
 * Every phone plays AAC. If the browser cannot encode it, an encoder is downloaded. If that does
 * not run, the sound is Opus.
 */
async function chooseSound(): Promise<'aac' | 'opus'> {
  if (
    await canEncodeAudio('aac', { numberOfChannels: 2, sampleRate: 48_000, quality: new Quality({ bitrate: 128_000 }) })
  )
    return 'aac'
  try {
    // the smallest module, to test whether a policy forbids it
    await WebAssembly.compile(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
    const { registerAacEncoder } = await import('@mediabunny/aac-encoder')
    registerAacEncoder()
    return 'aac'
  } catch {
    return 'opus'
  }
}
