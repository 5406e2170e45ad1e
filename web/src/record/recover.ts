// On every page of somebody who is signed in: what this browser still holds of a recording goes up
// by itself, and is offered until it is finished or discarded.
import './recover.css'
import { readBoot, userIdOf } from '../api/boot'
import { RecoverBox } from './recover-box'

/** hasLeftovers looks without opening anything that costs: most pages have none. */
async function hasLeftovers(): Promise<boolean> {
  try {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle('recordings')
    for await (const _ of folder.keys()) return true
  } catch {
    // no such folder, or no such file system
  }
  try {
    const names = (await indexedDB.databases()).map((db) => db.name)
    return names.includes('meanwhile-recordings')
  } catch {
    return false
  }
}

async function start(): Promise<void> {
  const main = document.getElementById('main')
  if (!main || !(await hasLeftovers())) return
  try {
    const userId = await userIdOf(readBoot(), new AbortController().signal)
    new RecoverBox(main).find(userId)
  } catch {
    // signed out, or no server: the next page that opens looks again
  }
}

void start()
