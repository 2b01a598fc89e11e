import type { Answer, Verdict } from '../../../../src/core/answer.ts'
import type { MessageState, MessageType } from '../../../../src/core/message.ts'
import type { RefusingChannel } from '../../../../src/core/operator-channel.ts'
import type { CompletionBins } from '../../../../src/core/polling/completion-bins.ts'
import type { Secret } from '../../../../src/core/secret.ts'
import type { AccountRow as SealedAccountRow } from '../../../../src/store/account.ts'
import type { LastBackup } from '../../../../src/store/backup.ts'
import type { Callback } from '../../../../src/store/callbacks.ts'
import type { HistoryPoint, HistoryStart, Resolution } from '../../../../src/store/history.ts'
import type { ServiceNode } from '../../../../src/store/nodes.ts'
import type { PartnerRow as StoredPartner } from '../../../../src/store/partner.ts'
import type { BulkRow } from '../../../../src/store/rules/bulk-act.ts'
import type { CallbackHealth } from '../../../../src/store/rules/callback-health.ts'
import type { Notice } from '../../../../src/store/rules/callback-notice.ts'
import type { LaneState } from '../../../../src/store/rules/lane.ts'
import type {
  Act,
  AdminToken,
  ApiKey,
  Attempt,
  BulkResend,
  ClaimedOperatorEvent,
  KeyOwner,
  NewAdminToken,
  NewSigningSecret,
  Registration,
  SigningSecret,
} from '../../../../src/store/store.ts'

/** The rows are those of the SQLite schema, with nothing sealed. */
export interface VerificationRow {
  id: number
  accountId: string
  partnerId: string
  idcardid: string
  createdAt: number
  nudgedAt: number
  queue: number
  dueAt: number | null
  claimedAt: number | null
  claims: number
  polls: number
  lastPolledAt: number | null
  lastAnswer: Answer['kind'] | null
  lastCode: number | null
  rawStatus: string | null
  lastOpenAt: number | null
  failures: number
  failingSince: number | null
  invalidIds: number
  goneChecks: number
  seen: boolean
  verdict: Verdict | null
  observedAt: number | null
  previousPollAt: number | null
}

export interface RegistrationRow
  extends Pick<
    Registration,
    'id' | 'partnerId' | 'callbackUrl' | 'metadata' | 'status' | 'reason' | 'createdAt' | 'expiresAt' | 'resolvedAt'
  > {
  verificationId: number
  n: number
  laneId: number
  messageSeq: number | null
  traceparent: string | null
}

export interface MessageRow {
  seq: number
  partnerId: string
  event: number
  registrationId: string
  laneId: number
  callbackUrl: string
  type: MessageType
  /** Empty: erased. */
  body: string
  createdAt: number
  state: MessageState
  dueAt: number | null
  claimedAt: number | null
  claims: number
  fence: number
  attempts: number
  unrecorded: number
  retries: number
  traceparent: string | null
}

export interface LaneRow extends LaneState {
  id: number
  partnerId: string
  host: string
}

export interface PartnerRow extends StoredPartner {
  events: number
}
export type AccountRow = Omit<SealedAccountRow, 'apiKey'> & { apiKey: Secret }
export type KeyRow = ApiKey & Pick<KeyOwner, 'partnerId' | 'hash'>
export type ActRow = Act & { isForLog: boolean }
export type AdminTokenRow = AdminToken & Pick<NewAdminToken, 'hash'>
export type SecretRow = SigningSecret & Pick<NewSigningSecret, 'text'> & { partnerId: string }
export type ResendRow = BulkResend & { partnerId: string; cursor: string; looked: number; createdAt: number }
export type HealthRow = Callback & CallbackHealth & Notice
export interface PauseRow {
  partnerId: string
  callbackUrl: string
  since: number
}
export type AttemptRow = Attempt & { messageSeq: number; n: number }

export interface Table<Key, Row> {
  get(key: Key): Row | undefined
  all(): Row[]
  where(condition: (row: Row) => boolean): Row[]
  set(key: Key, row: Row): void
  /** Throws where there is one with this key. */
  add(key: Key, row: Row): void
  change(key: Key, patch: Partial<Row>): void
  delete(key: Key): void
}

/** What numbers its rows. */
export type Sequence = 'verifications' | 'messages' | 'lanes'

/** What several handles of one database share. */
export type Tables = ReturnType<typeof createTables>

export const createTables = () => {
  /** How to take back what the transaction has written. */
  let undo: (() => void)[] = []
  let changes = 0
  /** Of each table: what saves its rows, and gives what puts them back. */
  const saves: (() => () => void)[] = []

  const table = <Key, Row extends object>(): Table<Key, Row> => {
    const rows = new Map<Key, Row>()
    saves.push(() => {
      const saved = new Map(rows)
      return () => {
        rows.clear()
        for (const [key, row] of saved) rows.set(key, row)
      }
    })
    const set = (key: Key, row: Row) => {
      const before = rows.get(key)
      changes++
      undo.push(() => (before === undefined ? rows.delete(key) : rows.set(key, before)))
      rows.set(key, row)
    }
    return {
      get: key => rows.get(key),
      all: () => [...rows.values()],
      where: condition => [...rows.values()].filter(condition),
      set,
      add: (key, row) => {
        if (rows.has(key)) throw new Error(`there is a row ${String(key)} already`)
        set(key, row)
      },
      change: (key, patch) => {
        const row = rows.get(key)
        if (row !== undefined) set(key, { ...row, ...patch })
      },
      delete: key => {
        const before = rows.get(key)
        if (before === undefined) return
        changes++
        undo.push(() => rows.set(key, before))
        rows.delete(key)
      },
    }
  }

  const sequences = { verifications: 0, messages: 0, lanes: 0, acts: 0, operatorEvents: 0 }
  return {
    partners: table<string, PartnerRow>(),
    keys: table<string, KeyRow>(),
    secrets: table<string, SecretRow>(),
    adminTokens: table<string, AdminTokenRow>(),
    acts: table<number, ActRow>(),
    bulkActs: table<string, BulkRow>(),
    bulkPace: table<'', { nextAt: number }>(),
    accounts: table<string, AccountRow>(),
    completions: table<string, CompletionBins>(),
    verifications: table<number, VerificationRow>(),
    registrations: table<string, RegistrationRow>(),
    messages: table<number, MessageRow>(),
    lanes: table<number, LaneRow>(),
    /** By message and number. */
    attempts: table<string, AttemptRow>(),
    resends: table<string, ResendRow>(),
    /** By partner. */
    nodes: table<string, ServiceNode>(),
    /** By resolution and beginning. */
    history: table<string, HistoryPoint & { resolution: Resolution }>(),
    /** By time. */
    starts: table<number, HistoryStart>(),
    /** By partner and URL. */
    pauses: table<string, PauseRow>(),
    health: table<string, HealthRow>(),
    /** At most one row each. */
    hold: table<'', { since: number }>(),
    backups: table<'', LastBackup>(),
    operatorEvents: table<number, ClaimedOperatorEvent>(),
    operatorPause: table<'', { until: number }>(),
    operatorChannel: table<'', RefusingChannel>(),

    /** The next number, which no row has ever had. */
    next: (sequence: keyof typeof sequences): number => {
      const before = sequences[sequence]
      undo.push(() => {
        sequences[sequence] = before
      })
      sequences[sequence] = before + 1
      return before + 1
    },

    /** The numbers up to these count as given out. */
    skipTo: (numbers: Readonly<Record<Sequence, number>>): void => void Object.assign(sequences, numbers),

    /** All of it, or nothing where it throws. */
    transaction: <T>(run: () => T): T => {
      undo = []
      try {
        return run()
      } catch (error) {
        for (const takeBack of undo.reverse()) takeBack()
        throw error
      }
    },

    /** How often a row was written so far. */
    changes: (): number => changes,

    /** Gives what puts everything back as it is now. */
    save: (): (() => void) => {
      const restores = saves.map(save => save())
      const numbers = { ...sequences }
      return () => {
        Object.assign(sequences, numbers)
        for (const restore of restores) restore()
      }
    },
  }
}

export const attemptKey = (messageSeq: number, n: number) => `${messageSeq} ${n}`
export const urlKey = ({ partnerId, callbackUrl }: { partnerId: string; callbackUrl: string }) =>
  `${partnerId} ${callbackUrl}`

export const isDue = <Row extends { dueAt: number | null }>(row: Row): row is Row & { dueAt: number } =>
  row.dueAt !== null
