/** sha256 of bytes, 32 of them. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** digestHeader is the value of Content-Digest (RFC 9530). */
export function digestHeader(hash: Uint8Array): string {
  return `sha-256=:${btoa(String.fromCharCode(...hash))}:`
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
