import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { OperatorNote } from '../core/operator-event.ts'
import type { Store } from '../store/store.ts'
import type { Emit, TelemetryEvent } from '../telemetry/emit.ts'

export interface Notebook {
  /** Keeps it until it is written: what comes soon after of the same adds to it, and an end takes the place of what it ends. */
  note(note: OperatorNote): void
  /** Writes what is there, and nothing that comes later. */
  stop(): Promise<void>
}

/** A first look notes three things of each of 1,000 accounts; there are more only while the database cannot be written. */
const MOST_PENDING = 5_000
/** Rows that are written in one go: some ms on the store's thread. */
const BATCH = 250
/** Between two writes: what comes many times a second is one row. */
const GAP_MS = SECOND / 2
const RETRY_MS = 5 * SECOND

export const keyOf = ({ condition, subject }: Pick<OperatorNote, 'condition' | 'subject'>): string =>
  `${condition} ${subject}`

/** @param deps.onDue there is something to tell */
export const createNotebook = (deps: {
  store: Pick<Store, 'noteOperatorEvents'>
  clock: Pick<Clock, 'sleep'>
  onDue: () => void
  emit: Emit<'operator_event.ended' | 'operator_event.not_noted'>
}): Notebook => {
  const { store, clock, onDue, emit } = deps
  const pending = new Map<string, OperatorNote>()
  const stopping = new AbortController()
  let writing: Promise<void> | null = null
  let isFailing = false

  const keep = (note: OperatorNote) => {
    const key = keyOf(note)
    const known = pending.get(key)
    if (!known && pending.size >= MOST_PENDING)
      return emit('operator_event.ended', { type: note.condition, outcome: 'dropped' })
    pending.set(key, known ? { ...note, adds: known.adds + note.adds } : note)
  }

  const write = async (): Promise<void> => {
    const notes = [...pending.values()].slice(0, BATCH)
    for (const note of notes) pending.delete(keyOf(note))
    try {
      const { results, dropped } = await store.noteOperatorEvents(notes)
      isFailing = false
      for (const type of dropped) emit('operator_event.ended', { type, outcome: 'dropped' })
      results.forEach((result, at) => {
        const type = notes[at]?.condition
        if (result === 'counted' && type) emit('operator_event.ended', { type, outcome: 'merged' })
      })
      if (results.includes('due')) onDue()
    } catch (error) {
      if (!isFailing) emit('operator_event.not_noted', { error })
      isFailing = true
      const later = [...pending.values()]
      pending.clear()
      for (const note of [...notes, ...later]) keep(note)
    }
  }

  const run = async (): Promise<void> => {
    // What was emitted in this turn is written together.
    await null
    while (pending.size > 0) {
      await write()
      if (stopping.signal.aborted && isFailing) break
      if (stopping.signal.aborted || (pending.size >= BATCH && !isFailing)) continue
      await clock.sleep(isFailing ? RETRY_MS : GAP_MS, stopping.signal).catch(() => {})
    }
    writing = null
  }

  return {
    note: note => {
      keep(note)
      if (!stopping.signal.aborted) writing ??= run()
    },
    stop: async () => {
      stopping.abort()
      await writing
    },
  }
}

/** What an event means for operators; null: nothing. A pause by an operator is no news to them. */
export const noteOf = ({ name, fields }: TelemetryEvent, at: number): OperatorNote | null => {
  switch (name) {
    case 'account.paused': {
      const { account, reason, code: upstreamCode } = fields
      if (reason === 'operator') return null
      const times = { since: Date.parse(fields.since), nextTryAt: Date.parse(fields.probeAt) }
      const details = { code: 'account_paused', ...times, account, reason, upstreamCode } as const
      return { condition: name, subject: account, at, adds: 1, details }
    }
    case 'account.resumed':
      return { condition: 'account.paused', subject: fields.account, at, adds: 0, details: null }
    case 'upstream.unreachable': {
      const { account, error, since } = fields
      // A canary goes every few seconds: none of their times is worth telling.
      const times = { since: Date.parse(since), nextTryAt: null }
      const details = { code: 'upstream_unreachable', ...times, account, error } as const
      return { condition: name, subject: account, at, adds: 1, details }
    }
    case 'upstream.back':
      return { condition: 'upstream.unreachable', subject: fields.account, at, adds: 0, details: null }
    case 'upstream.unknown_status': {
      const { accountId: account, status } = fields
      return { condition: name, subject: `${account} ${status}`, at, adds: 1, details: { account, status } }
    }
    case 'message.exhausted': {
      const { partnerId, host, httpStatus, error: kind, detail } = fields
      const error = httpStatus === null ? [kind, detail].filter(one => one !== null).join(' ') : `http_${httpStatus}`
      return { condition: name, subject: partnerId, at, adds: 1, details: { partnerId, host, error } }
    }
    case 'backup.failed': {
      const details = { code: 'backup_failed', since: Date.parse(fields.at), reason: fields.reason } as const
      return { condition: name, subject: 'backup', at, adds: 1, details }
    }
    case 'backup.done':
      return { condition: 'backup.failed', subject: 'backup', at, adds: 0, details: null }
    default:
      return null
  }
}
