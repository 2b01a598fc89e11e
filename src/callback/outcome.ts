import type { ExchangeEnd, Fault } from '../http-client/connection.ts'
import { readExcerpt } from './excerpt.ts'
import { type Failure, failureOf, failureOfCode } from './failure.ts'

/** How an attempt ended. `answered` as soon as the answer's headers were complete, whatever became of its body. */
export type Outcome =
  | { kind: 'answered'; httpStatus: number; retryAfter: string | null; excerpt: string | null }
  | ({ kind: 'failed' } & Failure)

const HIGHEST_STATUS = 599

const failureBehind = (fault: Fault): Failure => {
  switch (fault.kind) {
    case 'connect':
      return failureOf(fault.error as Error)
    case 'timeout':
      return fault.isConnecting ? { error: 'connect_timeout', detail: 'attempt' } : { error: 'timeout', detail: null }
    case 'lost':
      return fault.code === null ? { error: 'reset', detail: 'closed' } : failureOfCode(fault.code)
    case 'protocol':
      return { error: 'protocol', detail: fault.detail }
    case 'too_large':
      return { error: 'protocol', detail: fault.kind }
    case 'closed':
      return { error: 'local', detail: fault.kind }
  }
}

export const outcomeOf = ({ head, body, fault }: ExchangeEnd): Outcome => {
  if (head === null) return { kind: 'failed', ...(fault ? failureBehind(fault) : { error: 'protocol', detail: null }) }
  const { status, headers } = head
  if (status > HIGHEST_STATUS) return { kind: 'failed', error: 'protocol', detail: 'status' }
  return {
    kind: 'answered',
    httpStatus: status,
    retryAfter: headers.get('retry-after') ?? null,
    excerpt: readExcerpt(body, headers.get('content-encoding') ?? null),
  }
}
