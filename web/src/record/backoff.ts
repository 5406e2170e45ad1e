const firstMs = 150
const longestMs = 4000

/**
 * backoffMs is how long to wait before try number `attempt` (from 1): doubling from 150 ms to 4 s,
 * and somewhere in the upper half of that, so that many recorders do not return in step. random is
 * in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 10))
  return Math.round(fullMs / 2 + (fullMs / 2) * random)
}

const shortestMs = 20_000
const slowestBytesPerMs = 50

/** patienceMs is how long a request with so many bytes may stay without any progress. */
export function patienceMs(bodyBytes: number): number {
  return Math.max(shortestMs, Math.ceil(bodyBytes / slowestBytesPerMs))
}
