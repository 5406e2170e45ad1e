// What the server writes into the page for its scripts.
import { readObject, readString } from './parse'
import { call } from './request'

/** userIdOf returns whose library this is: from the page itself, else from the session. */
export async function userIdOf(boot: unknown, signal: AbortSignal): Promise<string> {
  try {
    return readString(readObject(readObject(boot, 'boot').user, 'user'), 'id')
  } catch {
    const session = readObject(await call('/api/v1/session', { signal }), 'session')
    return readString(readObject(session.user, 'user'), 'id')
  }
}

/** readBoot parses the server's data in the page; undefined if there is none that can be read. */
export function readBoot(): unknown {
  try {
    return JSON.parse(document.getElementById('boot')?.textContent ?? '')
  } catch {
    return undefined
  }
}
