import { mount } from 'svelte'
import Settings from './Settings.svelte'

const target = document.getElementById('app')
if (target) {
  target.replaceChildren() // the server's skeleton has the same size as ours
  mount(Settings, { target })
}
