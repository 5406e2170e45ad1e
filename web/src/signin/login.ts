// The log-in page's button for passkeys. Everything else on that page works without scripts.
import { beginPasskeyLogIn, logInByPasskey } from '../api/passkeys'
import { problemOf } from '../api/request'
import { need, setText } from '../ui/dom'
import { canUsePasskeys, getPasskey } from '../ui/passkey'

const page = new AbortController()

/**
 * Signs in with the passkey of this site that the person chooses. False if they changed their mind.
 * Throws ApiError.
 */
async function signInByPasskey(signal: AbortSignal): Promise<boolean> {
  const { options, ceremony } = await beginPasskeyLogIn(signal)
  const used = await getPasskey(options, signal)
  if (!used) return false
  await logInByPasskey(ceremony, used.toJSON(), signal)
  return true
}

function offerPasskey(): void {
  const button = need('passkey', HTMLButtonElement)
  const said = need('passkey-said', HTMLParagraphElement)
  need('ways', HTMLDivElement).hidden = false
  button.hidden = false
  const showStatus = (sentence: string) => {
    said.hidden = sentence === ''
    setText(said, sentence)
  }
  const use = async () => {
    button.disabled = true
    showStatus('')
    try {
      if (await signInByPasskey(page.signal)) location.assign(button.dataset.next ?? '/')
      else showStatus('No passkey was used. Try again, or sign in another way.')
    } catch (error) {
      showStatus(problemOf(error).sentence)
    } finally {
      button.disabled = false
    }
  }
  button.addEventListener('click', () => void use(), { signal: page.signal })
}

if (canUsePasskeys()) offerPasskey()
