import { addPasskey, beginPasskey, type Passkey } from '../api/passkeys'
import { createPasskey } from '../ui/passkey'

/**
 * Makes a passkey for the signed-in person. Undefined if they changed their mind. Throws ApiError.
 */
export async function makePasskey(name: string, signal: AbortSignal): Promise<Passkey | undefined> {
  const { options, ceremony } = await beginPasskey(signal)
  const made = await createPasskey(options, signal)
  return made && (await addPasskey(ceremony, name, made.toJSON(), signal))
}
