// Runs on every page of a signed-in person. Parts of a recording that are still in this browser are
// uploaded automatically, and are offered until the recording is finished or discarded.
import './recover.css'
import { readBoot, userIdOf } from '../api/boot'
import { RecoverBox } from './recover-box'

/** hasLeftovers checks without opening anything expensive: most pages have none. */
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
    // signed out, or no server: the next page tries again
  }
}

void start()
