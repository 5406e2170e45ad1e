// Where takes lie on this device until the server has made something that plays of them.
import type { ChunkHead, TakeMeta, TrackName } from '../track'

/** SpoolStore is the place for all takes. */
export interface SpoolStore {
  readonly kind: 'files' | 'database'
  /** ids of the takes that are here. */
  ids(): Promise<string[]>
  /** open makes the take where there is none. */
  open(id: string): Promise<SpooledTake>
  /** remove forgets a take and its bytes; a take that is not there is no error. */
  remove(id: string): Promise<void>
}

/** SpooledTake is one take's place. Its holder has the lock of that name, so nobody else writes. */
export interface SpooledTake {
  meta(): Promise<TakeMeta | undefined>
  writeMeta(meta: TakeMeta): Promise<void>
  /**
   * append keeps a chunk; when it resolves, the chunk survives the end of this browser. Chunks of a
   * track come in order from 0.
   */
  append(head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** heads lists whole chunks, each track in order from 0 (or from what was freed). */
  heads(): Promise<ChunkHead[]>
  /** read gives a chunk's bytes back; undefined where it is not (or no longer) here. */
  read(track: TrackName, n: number): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** pieces are the bytes of a track in order, for a copy that people can keep. */
  pieces(track: TrackName): Promise<Blob[]>
  /** free gives up chunks before n, as far as the way they are kept allows. */
  free(track: TrackName, beforeN: number): Promise<void>
  close(): Promise<void>
}
