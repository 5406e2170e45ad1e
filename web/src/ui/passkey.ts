// Making and using passkeys, where the browser can.
import { addPasskey, beginPasskey, beginPasskeyLogIn, logInByPasskey, type Passkey } from '../api/passkeys'

/**
 * Whether this browser can use passkeys of this site, which needs a name: no browser makes one for
 * a number.
 */
export function canUsePasskeys(): boolean {
  const named = !/^[\d.]+$|^\[/.test(location.hostname)
  return (
    named && window.isSecureContext && typeof window.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function'
  )
}

/**
 * Makes a passkey for who is signed in. Undefined when they changed their mind. Throws ApiError.
 */
export async function makePasskey(name: string, signal: AbortSignal): Promise<Passkey | undefined> {
  const { options, ceremony } = await beginPasskey(signal)
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  const made = await ask(() => navigator.credentials.create({ publicKey, signal }))
  return made && (await addPasskey(ceremony, name, made.toJSON(), signal))
}

/**
 * Signs in with whichever passkey of this site the person chooses. False when they changed their
 * mind. Throws ApiError.
 */
export async function signInByPasskey(signal: AbortSignal): Promise<boolean> {
  const { options, ceremony } = await beginPasskeyLogIn(signal)
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  const used = await ask(() => navigator.credentials.get({ publicKey, signal }))
  if (!used) return false
  await logInByPasskey(ceremony, used.toJSON(), signal)
  return true
}

/** A browser says NotAllowedError for a no, and for no answer in time. */
async function ask(question: () => Promise<Credential | null>): Promise<PublicKeyCredential | undefined> {
  try {
    const answer = await question()
    return answer instanceof PublicKeyCredential ? answer : undefined
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotAllowedError') return undefined
    throw error
  }
}
