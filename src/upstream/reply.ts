import type { TransientCause } from '../core/answer.ts'
import { codeOf } from '../core/error.ts'
import type { Exchange, Fault, Limits, ResponseHead } from '../http-client/client.ts'

/** What came of one call, before its body is read. */
export type Reply =
  | { kind: 'body'; body: Uint8Array; date: string | null }
  | { kind: 'refused'; status: number; retryAfter: string | null }
  | { kind: 'failed'; cause: TransientCause; detail?: string }

/** An answer has a few hundred bytes. */
const BODY_LIMIT = 64 * 1024

export const UPSTREAM_LIMITS: Limits = {
  headBytes: 16 * 1024,
  bodyBytes: BODY_LIMIT,
  keptBytes: BODY_LIMIT,
  totalBytes: 4 * BODY_LIMIT,
  // The time limit of the call is enough.
  connectMs: Number.POSITIVE_INFINITY,
  bodyMs: Number.POSITIVE_INFINITY,
}

const failed = (cause: TransientCause, detail: string | null = null): Reply =>
  detail === null ? { kind: 'failed', cause } : { kind: 'failed', cause, detail }

/** Such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`; the text of an error may hold an address. */
const detailOf = (fault: Fault): string | null => {
  const code = fault.kind === 'connect' ? codeOf(fault.error) : fault.kind === 'lost' ? fault.code : null
  return typeof code === 'string' && /^[A-Z0-9_]{2,64}$/.test(code) ? code : null
}

const causeOf = (fault: Fault): TransientCause => {
  switch (fault.kind) {
    case 'timeout':
    case 'too_large':
      return fault.kind
    case 'protocol':
      return fault.detail === 'head_size' || fault.detail === 'flood' ? 'too_large' : 'unparseable'
    case 'connect':
      return codeOf(fault.error) === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
    case 'lost':
      return fault.code === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
    case 'closed':
    case 'withdrawn':
      return 'unreachable'
    default:
      throw fault satisfies never
  }
}

/** What the status and headers alone decide; null if the body has to be read. */
const judgeHead = ({ status, headers }: ResponseHead): Reply | null => {
  if (status !== 200) return { kind: 'refused', status, retryAfter: headers.get('retry-after') ?? null }
  // We asked for no encoding; decoding one anyway would open the door to compression bombs.
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() || 'identity'
  return encoding === 'identity' ? null : failed('unparseable')
}

/** No redirect is followed and no encoding decoded. */
export const readReply = ({ head, body, fault }: Exchange): Reply => {
  const settled = head && judgeHead(head)
  if (settled) return settled
  if (fault || !head) return fault ? failed(causeOf(fault), detailOf(fault)) : failed('unparseable')
  return { kind: 'body', body, date: head.headers.get('date') ?? null }
}
