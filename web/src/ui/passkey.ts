// Makes and selects passkeys in the browser. The callers bring the options from the server and send
// the result back.

/**
 * Whether this browser can use passkeys of this site. The site needs a host name: no browser makes
 * one for an IP address.
 */
export function canUsePasskeys(): boolean {
  const named = !/^[\d.]+$|^\[/.test(location.hostname)
  return (
    named && window.isSecureContext && typeof window.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function'
  )
}

/** Makes a passkey with the server's options. Undefined if the person changed their mind. */
export function createPasskey(
  options: PublicKeyCredentialCreationOptionsJSON,
  signal: AbortSignal,
): Promise<PublicKeyCredential | undefined> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  return ask(() => navigator.credentials.create({ publicKey, signal }))
}

/** Lets the person choose a passkey of this site. Undefined if they changed their mind. */
export function getPasskey(
  options: PublicKeyCredentialRequestOptionsJSON,
  signal: AbortSignal,
): Promise<PublicKeyCredential | undefined> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return ask(() => navigator.credentials.get({ publicKey, signal }))
}

/** Browsers report NotAllowedError both for a refusal and for a timeout. */
async function ask(question: () => Promise<Credential | null>): Promise<PublicKeyCredential | undefined> {
  try {
    const answer = await question()
    return answer instanceof PublicKeyCredential ? answer : undefined
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotAllowedError') return undefined
    throw error
  }
}
