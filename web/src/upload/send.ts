// One attempt to upload a file with tus-js-client. The caller retries, waits and remembers.
import { type DetailedError, Upload as TusUpload } from 'tus-js-client'
import { parseJson, readDetail } from '../api/problem'
import { type Outcome, outcomeOf } from './outcome'
import type { Link } from './upload'

/**
 * Four full parts of the server's 16 MiB. One endless request would be a little faster, but proxies
 * buffer or limit bodies (100 MB is a common limit), and the content of such a buffer is lost when
 * the connection drops.
 */
const chunkBytes = 64 << 20

/** After this time without a byte the connection is dead, though no error came. */
const stalledMs = 60_000

const endpoint = '/api/v1/files/'

export type Watcher = {
  onCreated: (link: Link) => void
  /** The server has this many bytes. */
  onStood: (offsetBytes: number) => void
  onProgress: (sentBytes: number) => void
}

/**
 * send runs until the file is on the server, something blocks it, or the signal fires. Even then it
 * waits for a creation that is already under way, because only its response says what was created.
 * onCreated still reports it.
 */
export function send(file: File, link: Link | null, signal: AbortSignal, watch: Watcher): Promise<Outcome> {
  return new Promise((resolve) => {
    let creating = false
    let timer: ReturnType<typeof setTimeout> | undefined

    const end = (outcome: Outcome): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      removeEventListener('offline', lose)
      resolve(outcome)
    }
    const stop = (): void => {
      if (creating) return
      void upload.abort()
      end({ is: 'stopped' })
    }
    const lose = (): void => {
      void upload.abort()
      end({ is: 'lost', because: 'network' })
    }
    const alive = (): void => {
      clearTimeout(timer)
      timer = setTimeout(lose, stalledMs)
    }

    const upload = new TusUpload(file, {
      // Without an endpoint, a failed resumption is an error. With one, tus would silently create a
      // second video.
      endpoint: link ? null : new URL(endpoint, location.href).href,
      uploadUrl: link?.uploadUrl ?? null,
      metadata: { filename: file.name },
      chunkSize: chunkBytes,
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest(request) {
        if (signal.aborted) throw new DOMException('stopped', 'AbortError')
        creating = request.getMethod() === 'POST'
        alive()
      },
      onAfterResponse(request, response) {
        alive()
        creating = false
        const offset = Number(response.getHeader('Upload-Offset') ?? Number.NaN)
        if (request.getMethod() === 'HEAD' && response.getStatus() < 300 && Number.isSafeInteger(offset))
          watch.onStood(offset)
        if (request.getMethod() !== 'POST' || response.getStatus() !== 201) return
        watch.onCreated({
          videoId: response.getHeader('Meanwhile-Video-Id') ?? '',
          watchUrl: response.getHeader('Meanwhile-Watch-Url') ?? '',
          uploadUrl: samePath(response.getHeader('Location') ?? ''),
        })
      },
      onUploadUrlAvailable() {
        // The address that people use may differ from the configured one. The page's policy allows
        // only this origin.
        if (upload.url) upload.url = samePath(upload.url)
        if (signal.aborted) stop()
      },
      onProgress(sentBytes) {
        alive()
        watch.onProgress(sentBytes)
      },
      onSuccess: () => end({ is: 'done' }),
      onError(err) {
        if (signal.aborted) return end({ is: 'stopped' })
        const response = (err as Partial<DetailedError>).originalResponse
        end(outcomeOf(response?.getStatus() ?? 0, readDetail(parseJson(response?.getBody() ?? ''))))
      },
    })
    signal.addEventListener('abort', stop)
    // without this, a request may hang for minutes after its network is gone
    addEventListener('offline', lose)
    if (signal.aborted) return end({ is: 'stopped' })
    alive()
    upload.start()
  })
}

/**
 * giveUp ends an upload on the server and so puts its video into the trash. It returns false if
 * that was no longer possible because every byte had arrived. It is no error if the upload is
 * already gone.
 */
export async function giveUp(link: Link): Promise<boolean> {
  try {
    await TusUpload.terminate(link.uploadUrl, {
      retryDelays: [500, 2000, 5000],
      onShouldRetry: (err) => statusOf(err) === 0 || statusOf(err) >= 500,
    })
    return true
  } catch (error) {
    const status = statusOf(error as Partial<DetailedError>)
    if (status === 409) return false
    if (status === 404 || status === 410) return true
    throw error
  }
}

function statusOf(error: Partial<DetailedError>): number {
  return error.originalResponse?.getStatus() ?? 0
}

function samePath(url: string): string {
  const { pathname, search } = new URL(url, location.href)
  return new URL(pathname + search, location.href).href
}
