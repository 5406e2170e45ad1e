// The small help for plain form pages: local times, and the focus on the field that needs
// attention.
import { keepLocalTimes } from './local-time'

const page = new AbortController()
keepLocalTimes(page.signal)

// Everything that cannot be seen has the same page, byte for byte. So only here does the sign-in
// link learn where to return.
const signIn = document.querySelector<HTMLAnchorElement>('main a[data-sign-in]')
if (signIn) signIn.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`

document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()

// A new account gets times in its own zone from the first page on.
const zone = document.querySelector<HTMLInputElement>('input[name="time_zone"]')
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? ''
