// The small help that plain form pages get: local times, and the field that needs attention has the focus.
import { keepLocalTimes } from './local-time'

const page = new AbortController()
keepLocalTimes(page.signal)

document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()

// Who makes an account is told times in their own zone from the first page on.
const zone = document.querySelector<HTMLInputElement>('input[name="time_zone"]')
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? ''
