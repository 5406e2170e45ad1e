// The small help that plain form pages get: local times, and the field that needs attention has the
// focus.
import { keepLocalTimes } from './local-time'

const page = new AbortController()
keepLocalTimes(page.signal)

// Whatever cannot be seen has one page, the same to the byte: only here the way to sign in learns
// where it leads back to.
const signIn = document.querySelector<HTMLAnchorElement>('main a[data-sign-in]')
if (signIn) signIn.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`

document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()

// Who makes an account is told times in their own zone from the first page on.
const zone = document.querySelector<HTMLInputElement>('input[name="time_zone"]')
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? ''
