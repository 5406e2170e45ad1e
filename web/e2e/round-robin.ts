// A proxy that gives each request to the next server and streams it: bodies, ranges and event
// streams are not buffered.
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Headers that belong to one connection (RFC 9110, 7.6.1). */
const ownHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

export class RoundRobin {
  readonly #server: Server
  // A new connection for each request: so no server closes one at the moment it is used again.
  readonly #agent = new Agent({ keepAlive: false })
  #next = 0

  constructor(readonly backends: readonly URL[]) {
    this.#server = createServer((asked, answer) => this.#carry(asked, answer))
    this.#server.requestTimeout = 0 // uploads may be slow
  }

  /** Listens on a port, or on any free one if it is 0, and returns the number. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** Closes every connection at once. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  #carry(asked: IncomingMessage, answer: ServerResponse): void {
    const backend = this.backends[this.#next++ % this.backends.length]
    if (backend === undefined) throw new Error('a proxy without servers')
    const headers = {
      ...asked.headers,
      'x-forwarded-for': asked.socket.remoteAddress ?? '',
      'x-forwarded-proto': 'http',
    }
    delete headers.connection
    const forward = request({
      agent: this.#agent,
      host: backend.hostname,
      port: backend.port,
      method: asked.method,
      path: asked.url,
      headers,
    })
    forward.on('response', (given) => {
      const pairs: string[] = []
      for (let i = 0; i + 1 < given.rawHeaders.length; i += 2) {
        const [name = '', value = ''] = given.rawHeaders.slice(i, i + 2)
        if (!ownHeaders.has(name.toLowerCase())) pairs.push(name, value)
      }
      answer.writeHead(given.statusCode ?? 502, given.statusMessage, pairs)
      answer.flushHeaders() // an event stream begins with headers
      given.pipe(answer)
      given.on('error', () => answer.destroy())
    })
    forward.on('error', (error) => {
      if (answer.headersSent) answer.destroy()
      else answer.writeHead(502, { 'Content-Type': 'text/plain' }).end(String(error))
    })
    answer.on('close', () => forward.destroy())
    asked.pipe(forward)
  }
}
