// The small help that plain form pages get: local times, and the field that needs attention has the focus.
import { keepLocalTimes } from './local-time'

const page = new AbortController()
keepLocalTimes(page.signal)

document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
