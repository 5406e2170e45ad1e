// A network cable between a browser and the program, which can be unplugged.
import { connect, createServer, type Server, type Socket } from 'node:net'

const put = Buffer.from('PUT ')
const requestLine = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE) (\S+) HTTP/

export class Wire {
  private readonly ends = new Set<Socket>()
  /** The browser's open connections, each with the path of its last request. */
  private readonly paths = new Map<Socket, string>()
  private isCut = false
  private everyPut = 0
  private puts = 0
  private bytesPerMs = Number.POSITIVE_INFINITY
  private freeAtMs = 0
  /** How many requests were cut in the middle. */
  cuts = 0
  /** The most connections that were open at once. */
  mostConnections = 0
  /** The paths that were requested, in order. */
  readonly requests: string[] = []

  private constructor(
    private readonly server: Server,
    readonly base: string,
  ) {}

  static async to(base: string): Promise<Wire> {
    const target = new URL(base)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the wire has no port')
    const wire = new Wire(server, `http://${target.hostname}:${address.port}`)
    server.on('connection', (near) => wire.join(near, Number(target.port)))
    return wire
  }

  /** cut breaks all current connections and all later ones. */
  cut(): void {
    this.isCut = true
    for (const end of this.ends) end.destroy()
  }

  /**
   * fray cuts the connection of every n-th PUT: a large one in the middle, and for a small one the
   * response is lost. 0 stops that.
   */
  cutEveryNthPut(every: number): void {
    this.everyPut = every
  }

  /** limit bounds the bit rate to the program, for all connections together. */
  limit(bitsPerSecond: number): void {
    this.bytesPerMs = bitsPerSecond / 8000
  }

  /** How many streams of events are open. */
  get streams(): number {
    return [...this.paths.values()].filter((path) => /\/events(\?|$)/.test(path)).length
  }

  restore(): void {
    this.isCut = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private join(near: Socket, port: number): void {
    if (this.isCut) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    this.paths.set(near, '')
    this.mostConnections = Math.max(this.mostConnections, this.paths.size)
    near.on('close', () => this.paths.delete(near))
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.ends.add(end)
      end.on('error', () => other.destroy())
      end.on('close', () => {
        this.ends.delete(end)
        other.destroy()
      })
      end.pipe(other)
    }
    near.on('data', (bytes: Buffer) => {
      const path = requestLine.exec(bytes.subarray(0, 2000).toString('latin1'))?.[1]
      if (path !== undefined) {
        this.paths.set(near, path)
        this.requests.push(path)
      }
      this.hold(near, bytes.length)
      if (!bytes.subarray(0, put.length).equals(put) || this.everyPut === 0 || ++this.puts % this.everyPut !== 0) return
      this.cuts++
      near.destroy()
    })
  }

  private hold(near: Socket, sizeBytes: number): void {
    if (!Number.isFinite(this.bytesPerMs)) return
    this.freeAtMs = Math.max(this.freeAtMs, performance.now()) + sizeBytes / this.bytesPerMs
    near.pause()
    setTimeout(() => near.resume(), this.freeAtMs - performance.now())
  }
}
