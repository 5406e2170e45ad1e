// Reads the results of the test runs in a folder (go test -json, vitest's JSON). Prints the ten
// slowest tests and the skipped ones. Ends with 1 if a test failed, is too slow without a listed
// reason, or was skipped on CI:  node deploy/test-report.mjs bin/tests RESULT…
// where RESULT are the files that must be there.
//
// A test shares the machine with the other tests of its run, and the machine may be slow. So a slow
// test runs once more, with nothing beside it, and only the second time counts against its limit.
// Up to two tests that failed run once more, too: a browser's test with its whole file. They are
// named all the same, because each shows a test that is not sure of itself, or a fault that shows
// only on a busy machine. A data race and a crash are no matter of load, and fail at once.
import { spawnSync } from 'node:child_process'
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
  'web/e2e/upload.test.ts an upload goes on after a pause, a reload, a cut network and a killed server':
    'waits for each of these',
  'web/e2e/walk.test.ts two people, two workspaces, a guest and a client see what is theirs to see':
    'four people with a browser each, through all rights',
}

/**
 * @typedef {object} Test
 * @property {string} name
 * @property {number} ms
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {string} [source] the file of the result
 * @property {boolean} [final] it is not tried again
 */

const atMostFailed = 2

/** goTests reads the events of go test -json. A subtest counts with its test.
 * @returns {Test[]} */
function goTests(text) {
  const outcomes = { pass: 'passed', fail: 'failed', skip: 'skipped' }
  const events = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  const named = (event, name) => `${event.Package.replace(/^meanwhile\/?/, '') || '.'} ${name}`
  const tests = events
    .filter((event) => event.Test !== undefined && event.Action in outcomes)
    .filter((event) => event.Action === 'skip' || !event.Test.includes('/'))
    .map((event) => ({
      name: named(event, event.Test),
      ms: event.Elapsed * 1000,
      outcome: outcomes[event.Action],
    }))
  // A package that failed without a test, or crashed, or has a race, says nothing of the others.
  const lost = events
    .filter((event) => event.Test === undefined && event.Action === 'fail')
    .filter((event) => {
      const mine = events.filter((other) => other.Package === event.Package)
      const crashes = /^panic: |DATA RACE|^fatal error: |^FAIL.*build failed/
      const crashed = mine.some((other) => crashes.test(other.Output ?? ''))
      return crashed || !mine.some((other) => other.Test !== undefined && other.Action === 'fail')
    })
    .map((event) => ({ name: named(event, '(the package)'), ms: event.Elapsed * 1000, outcome: 'failed', final: true }))
  return [...tests, ...lost]
}

/** browserTests reads the report of vitest. A file that failed outside of its tests counts as one.
 * @returns {Test[]} */
function browserTests(text) {
  const report = JSON.parse(text)
  const tests = report.testResults.flatMap((file) => {
    const place = file.name.replace(/^.*\/web\//, 'web/')
    const ofFile = file.assertionResults.map((test) => ({
      name: `${place} ${test.fullName}`,
      ms: test.duration ?? 0,
      outcome: ['passed', 'failed'].includes(test.status) ? test.status : 'skipped',
    }))
    if (file.status === 'failed' && !ofFile.some((test) => test.outcome === 'failed'))
      ofFile.push({ name: `${place} (the file)`, ms: 0, outcome: 'failed' })
    return ofFile
  })
  if (!report.success && !tests.some((test) => test.outcome === 'failed'))
    tests.push({ name: 'web (outside of all tests)', ms: 0, outcome: 'failed', final: true })
  return tests
}

function run(command, args, options) {
  const { stdout } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  return stdout ?? ''
}

/** goAlone and fileAlone run tests again, with nothing beside them. They return the new results,
 * none if there are none.
 * @param {Test} test */
function goAlone({ name }) {
  const [place, title] = name.split(' ')
  return goTests(run('make', ['--silent', 'alone', `PACKAGE=./${place}`, `TEST=${title}`]))
}

/** @param {Test} test */
function fileAlone({ name, source }, ...choice) {
  const script = source === 'e2e-scaled.json' ? 'e2e:scaled' : 'e2e'
  const file = name.split(' ')[0].replace('web/', '')
  const vitest = ['npm', 'run', '--silent', script, '--', file, ...choice, '--reporter=json']
  const out = run('../deploy/with-services.sh', vitest, { cwd: 'web' })
  return out.includes('{') ? browserTests(out.slice(out.indexOf('{'))) : []
}

/** alone runs a test again, with nothing beside it. It returns the test's new result, or undefined
 * if there is none.
 * @param {Test} test */
function alone(test) {
  if (test.source.endsWith('.jsonl')) return goAlone(test).find((t) => t.name === test.name)
  const title = test.name.slice(test.name.indexOf(' ') + 1)
  const pattern = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return fileAlone(test, '-t', `^${pattern}$`).find((t) => t.name === test.name && t.outcome !== 'skipped')
}

/** passesAlone runs a test that failed again, a browser's with its whole file.
 * @param {Test} test */
function passesAlone(test) {
  const again = test.source.endsWith('.jsonl') ? goAlone(test) : fileAlone(test)
  return again.length > 0 && again.every((t) => t.outcome === 'passed')
}

const [folder, ...expected] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node deploy/test-report.mjs FOLDER RESULT…')
  process.exit(2)
}
const tests = readdirSync(folder).flatMap((file) => {
  const text = readFileSync(join(folder, file), 'utf8')
  return (file.endsWith('.jsonl') ? goTests(text) : browserTests(text)).map((test) => ({ ...test, source: file }))
})
const count = (outcome) => tests.filter((test) => test.outcome === outcome).length
const seconds = (ms) => `${(ms / 1000).toFixed(1).padStart(6)} s`

console.log('\nThe ten slowest tests:')
for (const test of tests.toSorted((a, b) => b.ms - a.ms).slice(0, 10)) {
  console.log(`${seconds(test.ms)}  ${test.name}${test.name in reasons ? ` (${reasons[test.name]})` : ''}`)
}

const complaints = []
const files = readdirSync(folder)
for (const file of expected) if (!files.includes(file)) complaints.push(`${file} is missing: that run ended without a result.`)
const failed = tests.filter((test) => test.outcome === 'failed')
const isHopeless = failed.length > atMostFailed || failed.some((test) => test.final)
if (isHopeless) complaints.push(`${failed.length} tests failed, too many or for good: none is tried again.`)
const shaky = isHopeless ? [] : failed.filter(passesAlone)
for (const test of failed)
  console.log(`${test.name} failed beside other tests${shaky.includes(test) ? ', and passed alone: look into it.' : '.'}`)
for (const test of tests) {
  if (test.ms > limitMs && !(test.name in reasons) && test.outcome === 'passed') {
    const again = alone(test)
    const took = `${test.name} took ${seconds(test.ms).trim()} beside other tests`
    if (again === undefined) complaints.push(`${took}, and could not be measured alone.`)
    else if (again.ms > limitMs || again.outcome !== 'passed')
      complaints.push(
        `${took}, and ${seconds(again.ms).trim()} alone (${again.outcome}): make it quicker, or write its reason into this script.`,
      )
    else console.log(`${took}, and ${seconds(again.ms).trim()} alone, which is quick enough.`)
  }
  if (test.outcome === 'skipped' && process.env.CI)
    complaints.push(`${test.name} was skipped; on CI nothing may be.`)
}
for (const name of Object.keys(reasons))
  if (!tests.some((test) => test.name === name)) complaints.push(`${name} has a reason to be slow, and is not there.`)
if (tests.length === 0) complaints.push('No test ran.')
for (const complaint of complaints) console.log(`test-report: ${complaint}`)

const skipped = tests.filter((test) => test.outcome === 'skipped').map((test) => test.name)
console.log(`skipped: ${skipped.length === 0 ? 'nothing' : skipped.join(', ')}`)
const red = failed.length - shaky.length
console.log(`${count('passed') + shaky.length} passed, ${red} failed, ${skipped.length} skipped`)
process.exitCode = complaints.length > 0 || red > 0 ? 1 : 0
