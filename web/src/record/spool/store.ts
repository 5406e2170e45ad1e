// Where takes are kept on this device until the server has made a playable video from them.
import type { ChunkHead, TakeMeta, TrackName } from '../track'

/** SpoolStore keeps all takes. */
export interface SpoolStore {
  readonly kind: 'files' | 'database'
  /** ids of the stored takes. */
  ids(): Promise<string[]>
  /** open makes the take if it does not exist. */
  open(id: string): Promise<SpooledTake>
  /** remove deletes a take and its bytes. It is no error if the take does not exist. */
  remove(id: string): Promise<void>
}

/**
 * SpooledTake is the storage of one take. Its holder has the lock of that name, so nobody else
 * writes.
 */
export interface SpooledTake {
  meta(): Promise<TakeMeta | undefined>
  writeMeta(meta: TakeMeta): Promise<void>
  /**
   * append stores a chunk. When it resolves, the chunk survives the end of this browser. Chunks of
   * a track come in order from 0.
   */
  append(head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /**
   * heads lists complete chunks, each track in order from 0 (or from the first one that was not
   * freed).
   */
  heads(): Promise<ChunkHead[]>
  /** read returns a chunk's bytes; undefined if they are not (or no longer) here. */
  read(track: TrackName, n: number): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** pieces are the bytes of a track in order, for a copy that people can keep. */
  pieces(track: TrackName): Promise<Blob[]>
  /** free deletes chunks before n, as far as the storage allows. */
  free(track: TrackName, beforeN: number): Promise<void>
  close(): Promise<void>
}
