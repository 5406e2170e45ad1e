import { mount } from 'svelte'
import { problemOf } from '../api/request'
import { readBoot, userIdOf } from '../library/boot'
import RecordPage from './RecordPage.svelte'

async function start(target: HTMLElement): Promise<void> {
  const page = new AbortController()
  try {
    const userId = await userIdOf(readBoot(), page.signal)
    target.replaceChildren()
    mount(RecordPage, { target, props: { userId } })
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
