// Reads the results of the test runs in a folder (go test -json, vitest's JSON). Prints the ten
// slowest tests and the skipped ones. Ends with 1 if a test is too slow without a listed reason, or
// was skipped on CI:  node deploy/test-report.mjs bin/tests
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const limitMs = 60_000

/** Tests that may take longer than the limit, each with the reason. */
const reasons = {
  'cmd/meanwhile TestKilledProcessLosesNothing': 'four whole encodes: one to measure, one after each of three kills',
  'cmd/meanwhile TestUploadsAndJobsEndRightOnABadObjectStorage': 'waits out the pauses after nine kinds of fault',
  'cmd/meanwhile TestShutdownHandsWorkBack': 'an encode that is begun twice',
  'cmd/meanwhile TestAnotherWorkerTakesOver': 'an encode that is begun twice, with a lease in between',
  'cmd/meanwhile TestSamplesBecomeReady': 'the whole ladder of seven recordings',
  'cmd/meanwhile TestEverySampleIsRecordedInChunks': 'the whole ladder of seven recordings',
  'cmd/meanwhile TestARecordingIsCopiedWhileAllEncodersAreBusy': 'keeps all encoders busy meanwhile',
  'cmd/meanwhile TestTwoTracksAreRecordedAndBecomeReady': 'the ladder of two tracks, and both in one picture',
  'server TestEveryRouteForEveryone': 'every route for eleven visitors, with -race',
  'storage/s3store TestObjects': 'the whole contract of the port, at a real S3 server',
  'web/e2e/links.test.ts a client comes in by a password, and what they say waits for the owner':
    'two people with a browser each, through the rules of a link',
  'web/e2e/settings.test.ts an owner invites by link, changes a role, and removes': 'two people with a browser each',
  'web/e2e/conversation.test.ts a hundred and twenty comments are all there, and each has its place on the seek bar':
    'writes and draws all of them',
  'web/e2e/road.test.ts a file goes in, a link with timestamped comments comes out': 'a file, with its whole ladder',
  'web/e2e/samples.test.ts each sample becomes ready and plays': 'the whole ladder of seven recordings',
  'web/e2e/upload.test.ts an upload goes on after a pause, a reload, a cut network and a killed server':
    'waits for each of these',
  'web/e2e/walk.test.ts two people, two workspaces, a guest and a client see what is theirs to see':
    'four people with a browser each, through all rights',
}

/** @typedef {{name: string, ms: number, outcome: 'passed' | 'failed' | 'skipped'}} Test */

/** goTests reads the events of go test -json. A subtest counts with its test.
 * @returns {Test[]} */
function goTests(text) {
  const outcomes = { pass: 'passed', fail: 'failed', skip: 'skipped' }
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((event) => event.Test !== undefined && event.Action in outcomes)
    .filter((event) => event.Action === 'skip' || !event.Test.includes('/'))
    .map((event) => ({
      name: `${event.Package.replace(/^meanwhile\/?/, '') || '.'} ${event.Test}`,
      ms: event.Elapsed * 1000,
      outcome: outcomes[event.Action],
    }))
}

/** browserTests reads the report of vitest.
 * @returns {Test[]} */
function browserTests(text) {
  const report = JSON.parse(text)
  return report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({
      name: `${file.name.replace(/^.*\/web\//, 'web/')} ${test.fullName}`,
      ms: test.duration ?? 0,
      outcome: ['passed', 'failed'].includes(test.status) ? test.status : 'skipped',
    })),
  )
}

const folder = process.argv[2]
if (folder === undefined) {
  console.error('usage: node deploy/test-report.mjs FOLDER')
  process.exit(2)
}
const tests = readdirSync(folder).flatMap((file) => {
  const text = readFileSync(join(folder, file), 'utf8')
  return file.endsWith('.jsonl') ? goTests(text) : browserTests(text)
})
const count = (outcome) => tests.filter((test) => test.outcome === outcome).length
const seconds = (ms) => `${(ms / 1000).toFixed(1).padStart(6)} s`

console.log('\nThe ten slowest tests:')
for (const test of tests.toSorted((a, b) => b.ms - a.ms).slice(0, 10)) {
  console.log(`${seconds(test.ms)}  ${test.name}${test.name in reasons ? ` (${reasons[test.name]})` : ''}`)
}

const complaints = []
for (const test of tests) {
  if (test.ms > limitMs && !(test.name in reasons))
    complaints.push(`${test.name} took ${seconds(test.ms).trim()}: make it quicker, or write its reason into this script.`)
  if (test.outcome === 'skipped' && process.env.CI)
    complaints.push(`${test.name} was skipped; on CI nothing may be.`)
}
for (const name of Object.keys(reasons))
  if (!tests.some((test) => test.name === name)) complaints.push(`${name} has a reason to be slow, and is not there.`)
if (tests.length === 0) complaints.push('No test ran.')
for (const complaint of complaints) console.log(`test-report: ${complaint}`)

const skipped = tests.filter((test) => test.outcome === 'skipped').map((test) => test.name)
console.log(`skipped: ${skipped.length === 0 ? 'nothing' : skipped.join(', ')}`)
console.log(`${count('passed')} passed, ${count('failed')} failed, ${skipped.length} skipped`)
process.exitCode = complaints.length > 0 || count('failed') > 0 ? 1 : 0
