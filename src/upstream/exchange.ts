import type { TransientCause } from '../core/answer.ts'
import type { ConnectionLimits, ExchangeEnd, Fault } from '../http-client/connection.ts'
import type { Pool } from '../http-client/pool.ts'
import type { ResponseHead } from '../http-client/response-head.ts'

/** How one HTTP exchange ended. */
export type Reply =
  | { kind: 'body'; body: Uint8Array; date: string | null }
  | { kind: 'refused'; status: number; retryAfter: string | null }
  | { kind: 'failed'; cause: TransientCause }

/** The most of a body that is read: an answer has a few hundred bytes. */
const BODY_LIMIT = 64 * 1024

export const UPSTREAM_LIMITS: ConnectionLimits = {
  headBytes: 16 * 1024,
  bodyBytes: BODY_LIMIT,
  keptBytes: BODY_LIMIT,
  wireBytes: 4 * BODY_LIMIT,
  // The exchange has a total limit of its own, which this could only undercut.
  bodyMs: Number.POSITIVE_INFINITY,
}

const failed = (cause: TransientCause): Reply => ({ kind: 'failed', cause })

const causeOf = (fault: Fault): TransientCause => {
  switch (fault.kind) {
    case 'timeout':
    case 'too_large':
      return fault.kind
    case 'protocol':
      return fault.detail === 'head_size' || fault.detail === 'flood' ? 'too_large' : 'unparseable'
    case 'connect':
      return (fault.error as NodeJS.ErrnoException).code === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
    case 'lost':
      return fault.code === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
    case 'closed':
      return 'unreachable'
  }
}

/** What status and headers alone settle, whatever becomes of the body; null when the body has to be read. */
const judgeHead = ({ status, headers }: ResponseHead): Reply | null => {
  if (status !== 200) return { kind: 'refused', status, retryAfter: headers.get('retry-after') ?? null }
  // We asked for no encoding; decoding one anyway would open the door to compression bombs.
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() || 'identity'
  return encoding === 'identity' ? null : failed('unparseable')
}

const judgeEnd = ({ head, body, fault }: ExchangeEnd): Reply => {
  const settled = head && judgeHead(head)
  if (settled) return settled
  if (fault || !head) return failed(fault ? causeOf(fault) : 'unparseable')
  const [first] = body
  return {
    kind: 'body',
    body: first && body.length === 1 ? first : Buffer.concat(body),
    date: head.headers.get('date') ?? null,
  }
}

/** One HTTP exchange on `pool`: no redirects, no decoding, at most 64 KiB of body, all within `timeoutMs`. */
export const exchange = (pool: Pool, request: Buffer, timeoutMs: number): Promise<Reply> =>
  new Promise(resolve => pool.run(request, timeoutMs, end => resolve(judgeEnd(end))))
