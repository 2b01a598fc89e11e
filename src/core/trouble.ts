import type { AccountFault } from './answer.ts'
import type { AnswerTime } from './answer-times.ts'
import { MINUTE } from './duration.ts'
import type { NodeRole, NodeTrait } from './node.ts'
import type { RefusingChannel } from './operator-channel.ts'

/** How long a poll or webhook is due before it counts as late, however few they are. */
export const LATE_MS = 2 * MINUTE

/** Of an account's partners, the one with the most registrations that wait for their verdict. */
export type MostWaiting = Pick<FailingHost, 'partnerId' | 'partnerName' | 'waiting'>

/** A host of a partner's URLs that only fail, after two or more attempts each. `error`: of the URL failing longest. */
export interface FailingHost {
  partnerId: string
  partnerName: string
  host: string
  urls: number
  since: number
  error: string
  /** Undelivered webhooks for the host, counted up to 10,000. */
  waiting: number
}

/** The hosts that have failed longest, and the number of all. */
export interface FailingHosts {
  worst: readonly FailingHost[]
  hosts: number
}

/**
 * A condition that an operator has to fix. Times are epoch ms; `since` is null if unknown. `account` is an APIID, next
 * tried at `nextTryAt` (null if unknown). `etaMs` is null if no node works off the backlog.
 */
export type Trouble =
  | { code: 'no_service'; since: null }
  /** Writes fail. `error` is the database's code, such as `SQLITE_FULL` or `53100`. `node`, of several: the one that says so. */
  | { code: 'store_failing'; since: null; error: string; file?: string; node?: string }
  | {
      code: 'account_paused'
      since: number
      account: string
      reason: AccountFault
      upstreamCode: number | null
      nextTryAt: number | null
      /** It has no page, and no command finds it. */
      isRemoved?: true
    }
  | { code: 'account_paused_by_operator'; since: number; account: string }
  /** By an operator, and no serial waits for it. */
  | { code: 'account_paused_idle'; since: number; account: string }
  | { code: 'upstream_unreachable'; since: number; account: string; error: string; nextTryAt: number | null }
  /** `ms`: mean response time. */
  | { code: 'upstream_slow'; since: null; account: string; ms: number }
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
      /** Less than `rate` while the account recovers, or if `isSlow`. */
      rateNow: number
      /** Null if unknown. `isSlow`: the response times limit the rate. */
      answers: AnswerTime | null
      isSlow: boolean
      etaMs: number | null
    }
  /** `node` is its name, `since` its last sign of life, `undone` its roles that no other node has, if any. */
  | { code: 'node_lost'; since: number; node: string; undone?: readonly NodeRole[] }
  | { code: 'node_differs'; since: number; node: string; differsIn: readonly NodeTrait[]; settings: readonly string[] }
  /** `aheadMs`: how far GetResult's clock is ahead of the node's. */
  | { code: 'clock_wrong'; since: null; node: string; aheadMs: number }
  | { code: 'disk_low'; since: null; freeBytes: number }
  | { code: 'backup_failed'; since: number; reason: string; path?: string | undefined }
  /** SQLite only. Of the newest good backup; null: there is none. */
  | { code: 'backup_stale'; since: number; madeAt: number | null; path: string | null }
  | ({ code: 'operators_not_told' } & RefusingChannel)
  /** Given up in the last day, and not delivered since. */
  | { code: 'messages_exhausted'; since: null; count: number; isCapped: boolean }
  /** Resent, and not delivered since; `isAll`: none is given up. */
  | { code: 'messages_resent'; since: null; count: number; isCapped: boolean; isAll: boolean }
  /** Hosts of URLs that only fail and are still tried. */
  | ({ code: 'callbacks_failing'; since: number } & FailingHosts)
  | { code: 'messages_held'; since: null; held: number; urls: number }

export type TroubleCode = Trouble['code']
