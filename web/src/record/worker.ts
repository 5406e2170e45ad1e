// The worker's rim: messages in, messages out. A hidden page's timers are slow; a worker's are not.
import { Desk, type FromDesk, type ToDesk } from './desk'
import { openDatabaseShelf } from './spool/database'
import { openFileShelf } from './spool/files'
import type { Shelf } from './spool/shelf'

async function openShelf(): Promise<Shelf | null> {
  try {
    return await openFileShelf()
  } catch {
    return openDatabaseShelf().catch(() => null)
  }
}

const desk = new Desk(openShelf, (message: FromDesk) => postMessage(message))

addEventListener('message', (event: MessageEvent<ToDesk>) => void desk.take(event.data))
