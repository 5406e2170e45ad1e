// The page's side of the worker.
import type { FromDesk, ToDesk } from './desk'

/**
 * Clerk carries messages to the desk and back. onBroken is told when the worker itself has failed.
 */
export class Clerk {
  private readonly worker: Worker

  constructor(onMessage: (message: FromDesk) => void, onBroken: () => void) {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'recordings' })
    this.worker.onmessage = (event: MessageEvent<FromDesk>) => onMessage(event.data)
    this.worker.onerror = (event) => {
      event.preventDefault()
      onBroken()
    }
  }

  ask(message: ToDesk): void {
    this.worker.postMessage(message)
  }

  close(): void {
    this.worker.terminate()
  }
}
