// What the server says about a refusal: problem+json (RFC 9457).

/**
 * parseJson returns the JSON in a body, or undefined if it is something else, like a proxy's page.
 */
export function parseJson(body: string): unknown {
  if (body === '') return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** readDetail returns the sentence for people in a problem, if there is one. */
export function readDetail(problem: unknown): string | undefined {
  if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return undefined
  return typeof problem.detail === 'string' && problem.detail !== '' ? problem.detail : undefined
}
