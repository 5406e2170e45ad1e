// The services of a site of separate processes: a new database, Redis and bucket folder for each,
// on the servers that deploy/with-services.sh starts.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Services {
  readonly env: Record<string, string>
  /** Removes what nothing else would remove. */
  remove(): Promise<void>
}

let made = 0

export async function newServices(): Promise<Services> {
  const name = `e2e_${randomBytes(8).toString('hex')}`
  const server = mustEnv('MEANWHILE_TEST_DATABASE_URL')
  await sql(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
  const database = new URL(server)
  database.pathname = name

  const redis = new URL(mustEnv('MEANWHILE_TEST_REDIS_URL'))
  redis.pathname = `/${4 + (made++ % 12)}` // of 16; a file of tests uses a few, and ends them
  await emptyRedis(redis)

  const objects = new URL(mustEnv('MEANWHILE_TEST_OBJECTS_URL'))
  objects.pathname = `/${name}`
  return {
    env: {
      MEANWHILE_DATABASE_URL: database.href,
      MEANWHILE_REDIS_URL: redis.href,
      MEANWHILE_OBJECTS_URL: objects.href,
      MEANWHILE_SECRET_KEY: randomBytes(32).toString('hex'),
      MEANWHILE_TRUSTED_PROXIES: '127.0.0.1',
    },
    remove: () => sql(server, `DROP DATABASE ${name} WITH (FORCE)`),
  }
}

function mustEnv(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set: run make e2e, or deploy/with-services.sh npm --prefix web run e2e:scaled`)
  return value
}

async function sql(address: string, text: string): Promise<void> {
  await run('psql', ['--no-psqlrc', '--quiet', '--command', text, address])
}

/** Sends the few commands of Redis's protocol that we need. */
async function emptyRedis(address: URL): Promise<void> {
  const said = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(Number(address.port), address.hostname)
    socket.setTimeout(5000, () => socket.destroy(new Error('Redis does not answer')))
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.on('end', () => resolve(text)).on('error', reject)
    socket.write(
      `AUTH ${decodeURIComponent(address.password)}\r\nSELECT ${address.pathname.slice(1)}\r\nFLUSHDB\r\nQUIT\r\n`,
    )
  })
  if (said !== '+OK\r\n'.repeat(4)) throw new Error(`Redis was not emptied: ${said}`)
}
