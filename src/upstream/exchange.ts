import type { Dispatcher, Pool } from 'undici'
import type { TransientCause } from '../core/answer.ts'

/** The most of a body that is read: an answer has a few hundred bytes. */
const BODY_LIMIT = 64 * 1024

/** How one HTTP exchange ended. */
export type Reply =
  | { kind: 'body'; body: Uint8Array; date: string | null }
  | { kind: 'refused'; status: number; retryAfter: string | null }
  | { kind: 'failed'; cause: TransientCause }

type Headers = Readonly<Record<string, string | string[] | undefined>>

const headerOf = (headers: Headers, name: string): string | null => {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** What status and headers alone settle, whatever becomes of the body; null when the body has to be read. */
const judgeHead = (status: number, headers: Headers): Reply | null => {
  if (status !== 200) return { kind: 'refused', status, retryAfter: headerOf(headers, 'retry-after') }
  // We asked for no encoding; decoding one anyway would open the door to compression bombs.
  const encoding = headerOf(headers, 'content-encoding')?.trim().toLowerCase() || 'identity'
  return encoding === 'identity' ? null : { kind: 'failed', cause: 'unparseable' }
}

const CAUSES: ReadonlyMap<string, TransientCause> = new Map<string, TransientCause>([
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_HEADERS_OVERFLOW', 'too_large'],
])

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name)

const causeOf = (code: string): TransientCause =>
  CAUSES.get(code) ?? (code.startsWith('HPE_') || code === 'HTTPParserError' ? 'unparseable' : 'unreachable')

/**
 * One HTTP exchange on `pool`: no redirects, no decoding, at most 64 KiB of body, all within `timeoutMs`, body and
 * waiting for a connection included. Cutting an exchange off destroys its connection.
 *
 * Bare `dispatch` instead of `request`: a body stream and an abort signal for each call cost up to a fifth of the
 * throughput, and the signal does not reach a call that still waits for its connection.
 *
 * @throws only for a request that undici finds invalid, with an error that holds nothing of that request
 */
export const exchange = (pool: Pool, request: Dispatcher.DispatchOptions, timeoutMs: number): Promise<Reply> =>
  new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null
    let settled = false
    let head: Reply | null = null
    let date: string | null = null
    let size = 0
    const chunks: Buffer[] = []

    const settle = (reply: Reply): void => {
      settled = true
      clearTimeout(timer)
      resolve(head ?? reply)
    }
    const cutOff = (cause: TransientCause): void => {
      settle({ kind: 'failed', cause })
      controller?.abort(new Error(cause))
    }
    const timer = setTimeout(() => cutOff('timeout'), timeoutMs)

    pool.dispatch(request, {
      onRequestStart(started) {
        controller = started
        if (settled) started.abort(new Error('timeout'))
      },
      onResponseStart(_, status, headers) {
        if (status < 200) return
        head = judgeHead(status, headers)
        date = headerOf(headers, 'date')
      },
      onResponseData(_, chunk) {
        size += chunk.length
        if (size > BODY_LIMIT) cutOff('too_large')
        else chunks.push(chunk)
      },
      onResponseEnd() {
        const [first] = chunks
        settle({ kind: 'body', body: first && chunks.length === 1 ? first : Buffer.concat(chunks), date })
      },
      onResponseError(_, error) {
        if (settled) return
        const code = codeOf(error)
        if (code !== 'UND_ERR_INVALID_ARG') return settle({ kind: 'failed', cause: causeOf(code) })
        clearTimeout(timer)
        reject(new Error(`GetResult call failed: ${code}`))
      },
    })
  })
