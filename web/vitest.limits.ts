// How long the browser tests wait. A machine may be busy, and a broken test still fails.
export const limits = {
  testTimeout: 180_000,
  hookTimeout: 120_000,
  bail: 3,
  expect: { poll: { timeout: 15_000 } },
}
