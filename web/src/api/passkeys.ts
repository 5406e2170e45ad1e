// Passkeys on the wire. The data between browser and server is passed on unchanged: its form is
// WebAuthn's own.
import { readList, readObject, readString, readText, type Schemas } from './parse'
import { call } from './request'

export interface Passkey {
  id: string
  name: string
  createdAt: string
  lastUsedAt: string | undefined
}

/**
 * The first half of making or using a passkey: the options for the browser, and the id that
 * connects its response to them.
 */
export interface Challenge<Options> {
  options: Options
  ceremony: string
}

const own = '/api/v1/me/passkeys'
const logIn = '/api/v1/passkey-log-in'

function readPasskey(value: unknown): Passkey {
  const from = readObject<Schemas['Passkey']>(value, 'passkey')
  return {
    id: readString(from, 'id'),
    name: readString(from, 'name'),
    createdAt: readString(from, 'created_at'),
    lastUsedAt: readText(from, 'last_used_at'),
  }
}

async function begin<Options>(path: string, signal: AbortSignal): Promise<Challenge<Options>> {
  const from = readObject<Schemas['Ceremony']>(await call(`${path}/begin`, { method: 'POST', signal }), 'ceremony')
  return { options: readObject(from.options, 'options') as Options, ceremony: readString(from, 'ceremony') }
}

export async function listPasskeys(signal: AbortSignal): Promise<Passkey[]> {
  const from = readObject<Schemas['Passkeys']>(await call(own, { signal }), 'passkeys')
  return readList(from, 'items', readPasskey)
}

export function beginPasskey(signal: AbortSignal): Promise<Challenge<PublicKeyCredentialCreationOptionsJSON>> {
  return begin(own, signal)
}

export async function addPasskey(
  ceremony: string,
  name: string,
  credential: unknown,
  signal: AbortSignal,
): Promise<Passkey> {
  return readPasskey(await call(own, { method: 'POST', body: { ceremony, name, credential }, signal }))
}

export async function removePasskey(id: string, signal: AbortSignal): Promise<void> {
  await call(`${own}/${encodeURIComponent(id)}`, { method: 'DELETE', signal })
}

export function beginPasskeyLogIn(signal: AbortSignal): Promise<Challenge<PublicKeyCredentialRequestOptionsJSON>> {
  return begin(logIn, signal)
}

/** Signs in: the response sets the session's cookie. */
export async function logInByPasskey(ceremony: string, credential: unknown, signal: AbortSignal): Promise<void> {
  await call(logIn, { method: 'POST', body: { ceremony, credential }, signal })
}
