// The page's side of the worker.
import type { WorkerEvent, WorkerRequest } from './recording-worker'

/**
 * WorkerClient sends messages to the worker and passes its events on. onBroken is called if the
 * worker itself fails.
 */
export class WorkerClient {
  private readonly worker: Worker

  constructor(onMessage: (message: WorkerEvent) => void, onBroken: () => void) {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'recordings' })
    this.worker.onmessage = (event: MessageEvent<WorkerEvent>) => onMessage(event.data)
    this.worker.onerror = (event) => {
      event.preventDefault()
      onBroken()
    }
  }

  send(message: WorkerRequest): void {
    this.worker.postMessage(message)
  }

  close(): void {
    this.worker.terminate()
  }
}
