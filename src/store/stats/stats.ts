import type { AnswerTime } from '../../core/answer-times.ts'
import { DAY } from '../../core/duration.ts'
import type { Histogram } from '../../core/histogram.ts'
import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { FailingHosts, MostWaiting } from '../../core/trouble.ts'
import type { Account } from '../accounts/rows.ts'
import type { LastBackup } from '../backup.ts'
import type { ServiceNode } from '../operators/nodes.ts'

/** What was given up is told for a day. */
export const GIVEN_UP_MS = DAY
export const MOST_GIVEN_UP = 1_000

/** A queue: verifications that wait to be asked about, or messages that wait to be sent. Times are epoch ms. */
export interface QueueStats {
  /** Could be claimed now; of a disabled partner nothing is due. `dueIsCapped`: there are more. */
  due: number
  dueIsCapped: boolean
  /** Due later, or of a disabled partner; too many by as much as is due beyond the cap. */
  scheduled: number
  /** Claimed, and not settled yet; of messages those that are counted with what is due, up to the cap. */
  leased: number
  /** The due time of what has been due for the longest; null: nothing is due. */
  oldestDueAt: number | null
}

export interface AccountStats extends Omit<Account, 'passwordMode' | 'partnerId'>, QueueStats {
  /** All that somebody waits for: `due`, `scheduled` and `leased`. */
  waiting: number
  /** Where polls are late. */
  most?: MostWaiting | undefined
  /** When the next canary may go, in a pause or an outage. */
  probeAt: number | null
  /** Calls a second now: less than `rate` after a pause, where GetResult asked for time, and where its answers take long. */
  rateNow: number
  /** Null: not known. */
  answers: AnswerTime | null
  /** About how long the calls take that are due. */
  catchUpMs: number
}

export interface DeliveryStats extends QueueStats {
  /** Pending without a due time: its URL answered 410, or is disabled. */
  held: number
  /** Since when an operator holds all of them; null: none does. */
  heldAt: number | null
  /** Within `GIVEN_UP_MS`, and not cancelled, of the `MOST_GIVEN_UP` newest. `givenUpIsCapped`: there may be more. */
  givenUp: number
  givenUpIsCapped: boolean
}

export type GivenUp = Pick<DeliveryStats, 'givenUp' | 'givenUpIsCapped'>

/** What there is, what waits since when, and what else tells how it is going. */
export interface Stats {
  /** Epoch ms. */
  at: number
  accounts: readonly AccountStats[]
  /** Those of all accounts together. */
  polls: QueueStats
  deliveries: DeliveryStats
  /** URLs, counted up to the cap: on hold after a 410, failing for an hour or more and still tried, and disabled. */
  callbacks: { gone: number; failing: number; disabled: number }
  /** Of URLs that only fail and are still tried, also for less than an hour. */
  failingHosts: FailingHosts
  bulk: {
    /** Of partners, that are not done: the messages that they have still to make due. */
    resends: BulkStats
    /** Of operators, that are under way: the registrations that they have still to come to. */
    acts: BulkStats
  }
  /** Oldest first. */
  nodes: readonly ServiceNode[]
  /** Whose registrations or webhooks wait, oldest first; not all of very many. */
  disabledPartners: readonly { id: string; name: string }[]
  backup: LastBackup
  refusingChannel: RefusingChannel | null
  engine: EngineStats
}

/** Of acts `remaining` is about so many: of very many not all were counted, and what has changed since is left out. */
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

/** What the database tells of itself. */
export type EngineStats = SqliteStats | PostgresStats
/** Those that only the engine itself knows. */
export type EngineFigures = Omit<SqliteStats, 'masterKey'> | Omit<PostgresStats, 'masterKey'>

interface AnyEngineStats {
  databaseBytes: number
  /** The fingerprint of the master key. */
  masterKey: string
}

export interface SqliteStats extends AnyEngineStats {
  kind: 'sqlite'
  walBytes: number
  /** What a user without privileges may still write where the database is; null where it is in memory. */
  diskFreeBytes: number | null
}

/** The tables whose rows change the most. */
export const BUSY_TABLES = ['deliveries', 'lanes', 'registrations', 'verifications'] as const
export type BusyTable = (typeof BUSY_TABLES)[number]

export interface PostgresStats extends AnyEngineStats {
  kind: 'postgres'
  /** As the server writes it: `18.1`. */
  serverVersion: string
  /** About how many rows are dead and not removed yet. */
  deadRows: Readonly<Record<BusyTable, number>>
  /** For how long the oldest transaction of anybody has kept dead rows from being removed, as far as we may see it; 0: none does. */
  oldestSnapshotMs: number
}

/** What a process has counted itself since it opened the database, and knows while that is away too. */
export type EngineCounts = SqliteCounts | PostgresCounts

interface AnyEngineCounts {
  /** In ms, with the wait for the disk. */
  commits: Histogram
  /** Calls that failed because of the database, after it had been tried again. */
  errors: Readonly<Record<StoreError, number>>
}

export interface SqliteCounts extends AnyEngineCounts {
  kind: 'sqlite'
  /** Writes that were committed together. */
  batches: Histogram
  /** For how long a reader has kept the log from beginning anew; 0: none does. */
  walPinnedMs: number
}

export const POOLS = ['api', 'loops'] as const
/** The connections of a node for calls, and those for its loops. */
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
  /** Whether this node hears at once of what others do. */
  isListening: boolean
  /** How much of what it has heard it could not read, and left out. */
  unreadableHints: number
  /** How far the database's clock, which decides, is ahead of this node's. */
  clockAheadMs: number
}
