import type { AccountFault } from './answer.ts'
import type { AnswerTime } from './answer-times.ts'
import { MINUTE } from './duration.ts'
import type { NodeRole, NodeTrait } from './node.ts'
import type { RefusingChannel } from './operator-channel.ts'

/** What is due waits longer than this: webhooks or polls are late, whatever their number. */
export const LATE_MS = 2 * MINUTE

/** The partner of an account that has the most registrations that wait for their verdict. */
export type MostWaiting = Pick<FailingHost, 'partnerId' | 'partnerName' | 'waiting'>

/** A host where every attempt to a partner's callback URLs has failed, two or more of each: `error` is of the one that failed first. */
export interface FailingHost {
  partnerId: string
  partnerName: string
  host: string
  urls: number
  since: number
  error: string
  /** Webhooks for the host that are not delivered, counted up to 10,000. */
  waiting: number
}

/** Those that have failed the longest, and how many there are. */
export interface FailingHosts {
  worst: readonly FailingHost[]
  hosts: number
}

/**
 * What an operator has to see to. Times are epoch ms; `since` null: it is not known. `account` is an APIID, which is tried next at
 * `nextTryAt`; null: that is not known. `etaMs` null: nobody works the backlog off.
 */
export type Trouble =
  | { code: 'no_service'; since: null }
  /** Nothing can be written. `error` is the database's, such as `SQLITE_FULL` or `53100`. */
  | { code: 'store_failing'; since: null; error: string }
  | {
      code: 'account_paused'
      since: number
      account: string
      reason: AccountFault
      upstreamCode: number | null
      nextTryAt: number | null
    }
  | { code: 'account_paused_by_operator'; since: number; account: string }
  | { code: 'upstream_unreachable'; since: number; account: string; error: string; nextTryAt: number | null }
  | { code: 'deliveries_held'; since: number; due: number; isCapped: boolean }
  | { code: 'deliveries_late'; since: number; due: number; isCapped: boolean }
  | {
      code: 'polls_late'
      since: number
      account: string
      due: number
      isCapped: boolean
      most?: MostWaiting | undefined
      rate: number
      /** Less than `rate` while the account recovers, or where `isSlow`. */
      rateNow: number
      /** Null: not known. `isSlow`: they are what limits the rate. */
      answers: AnswerTime | null
      isSlow: boolean
      etaMs: number | null
    }
  /** `node` is its name; `since`: when it last showed itself; `undone`: those of its roles that no other node has, if there are any. */
  | { code: 'node_lost'; since: number; node: string; undone?: readonly NodeRole[] }
  | { code: 'node_differs'; since: number; node: string; differsIn: readonly NodeTrait[] }
  /** `aheadMs`: how far GetResult's clock is ahead of that of the node. */
  | { code: 'clock_wrong'; since: null; node: string; aheadMs: number }
  | { code: 'disk_low'; since: null; freeBytes: number }
  | { code: 'backup_failed'; since: number; reason: string }
  | ({ code: 'operators_not_told' } & RefusingChannel)
  /** In the last day, and not delivered since. */
  | { code: 'messages_exhausted'; since: null; count: number; isCapped: boolean }
  /** URLs that only fail, and are still tried. */
  | ({ code: 'callbacks_failing'; since: number } & FailingHosts)
  | { code: 'messages_held'; since: null; held: number; urls: number }

export type TroubleCode = Trouble['code']
