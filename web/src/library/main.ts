import { mount } from 'svelte'
import { readBoot, userIdOf } from '../api/boot'
import { problemOf } from '../api/request'
import { Ledger } from '../upload/ledger'
import Library from './Library.svelte'

/** A browser may forbid storage. Then a reload forgets everything, and all else works. */
function openStorage(): Storage {
  try {
    return window.localStorage
  } catch {
    return Object.create({
      length: 0,
      key: () => null,
      getItem: () => null,
      setItem: () => undefined,
      removeItem: () => undefined,
      clear: () => undefined,
    })
  }
}

async function start(target: HTMLElement): Promise<void> {
  const page = new AbortController()
  try {
    const ledger = new Ledger(openStorage(), await userIdOf(readBoot(), page.signal))
    target.replaceChildren() // the server's skeleton has the same size as ours
    mount(Library, { target, props: { ledger } })
  } catch (error) {
    const note = document.createElement('p')
    note.className = 'note warn'
    note.setAttribute('role', 'alert')
    note.textContent = `${problemOf(error).sentence} Reload the page to try again.`
    target.replaceChildren(note)
  }
}

const target = document.getElementById('app')
if (target) void start(target)
