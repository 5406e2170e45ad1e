import { mount } from 'svelte'
import { readBoot, userIdOf } from '../api/boot'
import { problemOf } from '../api/request'
import { readCapabilities } from './capabilities'
import RecordPage from './RecordPage.svelte'

async function start(target: HTMLElement): Promise<void> {
  const page = new AbortController()
  try {
    const [userId, can] = await Promise.all([userIdOf(readBoot(), page.signal), readCapabilities()])
    target.replaceChildren()
    mount(RecordPage, { target, props: { userId, can } })
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
