// The worker's edge: messages in, messages out. Timers of a hidden page are slow, a worker's are
// not.
import { RecordingWorker, type WorkerEvent, type WorkerRequest } from './recording-worker'
import { openDatabaseSpool } from './spool/database'
import { openFileSpool } from './spool/files'
import type { SpoolStore } from './spool/store'

async function openSpool(): Promise<SpoolStore | null> {
  try {
    return await openFileSpool()
  } catch {
    return openDatabaseSpool().catch(() => null)
  }
}

const worker = new RecordingWorker(openSpool, (event: WorkerEvent) => postMessage(event))

addEventListener('message', (event: MessageEvent<WorkerRequest>) => void worker.handle(event.data))
