// Making and choosing passkeys in the browser. The callers bring options from the server and
// answers to it.

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

/** Makes a passkey as the server's options ask. Undefined when the person changed their mind. */
export function createPasskey(
  options: PublicKeyCredentialCreationOptionsJSON,
  signal: AbortSignal,
): Promise<PublicKeyCredential | undefined> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  return ask(() => navigator.credentials.create({ publicKey, signal }))
}

/** Has the person choose a passkey of this site. Undefined when they changed their mind. */
export function getPasskey(
  options: PublicKeyCredentialRequestOptionsJSON,
  signal: AbortSignal,
): Promise<PublicKeyCredential | undefined> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return ask(() => navigator.credentials.get({ publicKey, signal }))
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
