import type { AnswerTime } from '../../core/answer-times.ts'
import { DAY } from '../../core/duration.ts'
import type { Histogram } from '../../core/histogram.ts'
import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { FailingHosts, MostWaiting } from '../../core/trouble.ts'
import type { Account } from '../accounts/rows.ts'
import type { LastBackup } from '../backup.ts'
import type { ServiceNode } from '../operators/nodes.ts'

/** How long messages are shown that were given up. */
export const GIVEN_UP_MS = DAY
export const MAX_GIVEN_UP = 10_000

/** A queue of verifications to be polled, or of messages to be sent. Times are epoch ms. */
export interface QueueStats {
  /** Claimable now; none of a disabled partner. `dueIsCapped`: the true number is higher. */
  due: number
  dueIsCapped: boolean
  /** Due later, or of a disabled partner; too high by the rows due beyond the cap. */
  scheduled: number
  /** Claimed and not settled; of messages only the ones found among the due rows, up to the cap. */
  leased: number
  /** Earliest due time of the due rows; null: none is due. */
  oldestDueAt: number | null
}

export interface AccountStats extends Omit<Account, 'passwordMode' | 'partnerId'>, QueueStats {
  /** Sum of `due`, `scheduled` and `leased`. */
  waiting: number
  /** Removed, but serials wait for it. */
  isRemoved: boolean
  /** Set if polls are late. */
  most?: MostWaiting | undefined
  /** Earliest time of the next canary, in a pause or an outage. */
  probeAt: number | null
  /** Polls a second now: less than `rate` after a pause, after GetResult asked for time, and with slow answers. */
  rateNow: number
  /** Null: not known. */
  answers: AnswerTime | null
  /** Approximate duration of all due polls. */
  catchUpMs: number
}

export interface DeliveryStats extends QueueStats {
  /** Pending without a due time: the URL answered 410, or is disabled. */
  held: number
  /** When an operator put all messages on hold; null: not held. */
  heldAt: number | null
  /** Within `GIVEN_UP_MS`, not cancelled, among the `MAX_GIVEN_UP` newest. `givenUpIsCapped`: may be higher. */
  givenUp: number
  givenUpIsCapped: boolean
  /** Failed within `GIVEN_UP_MS`, resent and not delivered since, among the `MAX_GIVEN_UP` newest failures. */
  resent: number
  resentIsCapped: boolean
}

export type GivenUp = Pick<DeliveryStats, 'givenUp' | 'givenUpIsCapped' | 'resent' | 'resentIsCapped'>
/** Whether all that was given up has been delivered or cancelled. */
export const isNone = ({ givenUp, givenUpIsCapped, resent, resentIsCapped }: GivenUp): boolean =>
  givenUp + resent === 0 && !givenUpIsCapped && !resentIsCapped

/** State of the service: queues and their delays, callbacks, bulk acts, nodes, and the engine. */
export interface Stats {
  /** Epoch ms. */
  at: number
  accounts: readonly AccountStats[]
  /** Sums over all accounts. */
  polls: QueueStats
  deliveries: DeliveryStats
  /** URLs, counted up to the cap: held after a 410, failing for an hour or more and still tried, and disabled. */
  callbacks: { gone: number; failing: number; disabled: number }
  /** Of URLs that only fail and are still tried, also for less than an hour. */
  failingHosts: FailingHosts
  bulk: {
    /** Of partners, under way: the messages still to be made due. */
    resends: BulkStats
    /** Of operators, under way: the registrations still to be done. */
    acts: BulkStats
  }
  /** Oldest first. */
  nodes: readonly ServiceNode[]
  /** With waiting registrations or webhooks, oldest first; 20 at most. */
  disabledPartners: readonly { id: string; name: string }[]
  backup: LastBackup
  /** When the oldest partner was created; null: there is none. */
  firstPartnerAt: number | null
  refusingChannel: RefusingChannel | null
  engine: EngineStats
}

/** `remaining` is approximate: large counts are capped, and registrations changed since are skipped. */
export interface BulkStats {
  open: number
  remaining: number
}

export const STORE_ERRORS = [
  'busy',
  'full',
  'read_only',
  'io',
  'corrupt',
  // Of a server.
  'connection',
  'serialization',
  'timeout',
  'other',
] as const
export type StoreError = (typeof STORE_ERRORS)[number]

/** Figures of the database. */
export type EngineStats = SqliteStats | PostgresStats
/** The part that only the engine knows. */
export type EngineFigures = Omit<SqliteStats, 'masterKey'> | Omit<PostgresStats, 'masterKey'>

interface AnyEngineStats {
  databaseBytes: number
  /** Fingerprint of the master key. */
  masterKey: string
}

export interface SqliteStats extends AnyEngineStats {
  kind: 'sqlite'
  /** Null: in memory. */
  path: string | null
  walBytes: number
  /** Space that an unprivileged user may still fill where the database is; null for one in memory. */
  diskFreeBytes: number | null
}

/** The tables whose rows change most. */
export const BUSY_TABLES = ['deliveries', 'lanes', 'registrations', 'verifications'] as const
export type BusyTable = (typeof BUSY_TABLES)[number]

export interface PostgresStats extends AnyEngineStats {
  kind: 'postgres'
  /** As the server writes it: `18.1`. */
  serverVersion: string
  /** Approximate number of dead rows that are not removed yet. */
  deadRows: Readonly<Record<BusyTable, number>>
  /** Age of the oldest transaction, of any session visible to us, that keeps dead rows from removal; 0: none. */
  oldestSnapshotMs: number
}

/** Counters of a process since it opened the database, known also while the database is away. */
export type EngineCounts = SqliteCounts | PostgresCounts

interface AnyEngineCounts {
  /** In ms, with the wait for the disk. */
  commits: Histogram
  /** Calls that failed because of the database, after their retries. */
  errors: Readonly<Record<StoreError, number>>
}

export interface SqliteCounts extends AnyEngineCounts {
  kind: 'sqlite'
  /** Writes per commit. */
  batches: Histogram
  /** How long a reader has kept the log from beginning anew; 0: none does. */
  walPinnedMs: number
}

export const POOLS = ['api', 'loops'] as const
/** The connections of a node for calls, and for its loops. */
export type PoolName = (typeof POOLS)[number]

export interface PoolStats {
  inUse: number
  idle: number
  /** Calls that wait for a connection. */
  waiting: number
}

export interface PostgresCounts extends AnyEngineCounts {
  kind: 'postgres'
  pools: Readonly<Record<PoolName, PoolStats>>
  /** Whether this node gets the hints of other nodes at once. */
  isListening: boolean
  /** Hints that could not be read, and were left out. */
  unreadableHints: number
  /** How far the database's clock, which decides, is ahead of this node's. */
  clockAheadMs: number
}
