import { MINUTE } from '../core/duration.ts'
import {
  type OperatorCondition,
  type OperatorEvent,
  type OperatorNote,
  operatorEventType,
} from '../core/operator-event.ts'
import type { Trouble } from '../core/trouble.ts'
import { NODE_CONDITIONS, type NodeEvent } from '../store/nodes.ts'
import { type TroubleFacts, troublesOf } from '../store/rules/troubles.ts'
import type { Store } from '../store/store.ts'
import { findWriteError } from '../store/write-error.ts'
import type { Emit } from '../telemetry/emit.ts'
import { keyOf } from './notebook.ts'
import { logSentence } from './words.ts'

type Look = Pick<OperatorNote, 'condition' | 'subject'> & { details: OperatorNote['details'] }

/** What no event of its own tells in the log. */
const LOGGED: ReadonlySet<OperatorCondition> = new Set([
  ...(['backlog.growing', 'store.failing', 'disk.low', 'node.lost', 'node.differs', 'clock.wrong'] as const),
])

/** An upgrade, node after node, or a change of the settings, is over by then: what lasts longer was forgotten. */
const SETTLED_MS = 15 * MINUTE

/** Somebody else writes, or holds a lock. */
const BUSY = /^(SQLITE_(BUSY|LOCKED)|40001|40P01|55P03|57014)/

/** What a trouble is called here; null: operators have made it, or it may pass by itself. */
const lookOf = (trouble: Trouble, at: number): Look | null => {
  switch (trouble.code) {
    case 'account_paused':
      return { condition: 'account.paused', subject: trouble.account, details: trouble }
    case 'upstream_unreachable':
      return { condition: 'upstream.unreachable', subject: trouble.account, details: trouble }
    case 'polls_late':
      return { condition: 'backlog.growing', subject: `poll ${trouble.account}`, details: trouble }
    case 'deliveries_late':
      return { condition: 'backlog.growing', subject: 'deliver', details: trouble }
    case 'node_lost':
      return { condition: 'node.lost', subject: trouble.node, details: trouble }
    case 'node_differs':
      return at - trouble.since < SETTLED_MS
        ? null
        : { condition: 'node.differs', subject: trouble.node, details: trouble }
    case 'clock_wrong':
      return { condition: 'clock.wrong', subject: trouble.node, details: trouble }
    case 'disk_low':
      return { condition: 'disk.low', subject: 'disk', details: trouble }
    case 'backup_failed':
      return { condition: 'backup.failed', subject: 'backup', details: trouble }
    default:
      return null
  }
}

/**
 * Whatever may be wrong, as it is now: `details` null where all is well. While an operator holds all webhooks, or an account is not
 * asked, nothing is said of their backlog: nothing is late by itself, and the backlog is not over either.
 */
const looksOf = (facts: TroubleFacts, nodeEvents: readonly NodeEvent[]): Look[] => {
  const firing = troublesOf(facts).flatMap(trouble => lookOf(trouble, facts.stats.at) ?? [])
  const wrong = new Set(firing.map(keyOf))
  const watched = [
    ...facts.stats.accounts.flatMap(({ apiId, pausedAt, unreachableAt }) => [
      { condition: 'account.paused', subject: apiId } as const,
      { condition: 'upstream.unreachable', subject: apiId } as const,
      ...(pausedAt === null && unreachableAt === null
        ? [{ condition: 'backlog.growing', subject: `poll ${apiId}` } as const]
        : []),
    ]),
    ...(facts.stats.deliveries.heldAt === null ? [{ condition: 'backlog.growing', subject: 'deliver' } as const] : []),
    { condition: 'disk.low', subject: 'disk' } as const,
    { condition: 'backup.failed', subject: 'backup' } as const,
    // Who has been replaced, or forgotten, is not among the nodes any more.
    ...nodeEvents,
  ]
  const well = new Map(watched.filter(one => !wrong.has(keyOf(one))).map(one => [keyOf(one), one]))
  return [...firing, ...[...well.values()].map(one => ({ ...one, details: null }))]
}

export interface Watch {
  /** Notes what has come and gone since the last look. */
  look(): Promise<void>
  /** Notes which events of callbacks are over. */
  lookAtCallbacks(): Promise<void>
  /** An event has told of it meanwhile: the next look notes how it is, whatever the last one saw. */
  forget(key: string): void
}

/** Looks at the state of the service. The first look notes all of it: an end may have come while nobody looked. */
export const createWatch = ({
  store,
  note,
  tellUnwritable,
  emit,
  pollMaxMs,
}: {
  store: Pick<Store, 'stats' | 'now' | 'probe' | 'firingNodeEvents' | 'endedCallbackEvents'>
  note: (note: OperatorNote) => void
  /** Is given what each look has found, and since when: what nothing can be written of cannot be noted. */
  tellUnwritable: (error: string | null, since: number | null) => Promise<void>
  emit: Emit<'operator.event'>
  /** `POLL_MAX_INTERVAL` */
  pollMaxMs: number
}): Watch => {
  /** As many as there are accounts, thrice. */
  let seen = new Map<string, boolean>()
  /** What the last look found wrong of nodes: where nobody is told, there is no event of it. */
  let firingNodes: NodeEvent[] = []
  let isLooking = false
  /** What the log says to be wrong. */
  const logged = new Map<string, OperatorEvent['details']>()

  const log = ({ condition, subject, details }: Look, at: number) => {
    const key = keyOf({ condition, subject })
    const told = details ?? logged.get(key)
    if (!LOGGED.has(condition) || told === undefined || logged.has(key) === (details !== null)) return
    if (details !== null) logged.set(key, details)
    else logged.delete(key)
    const state = details === null ? 'resolved' : 'firing'
    const sentence = logSentence({ condition, details: told, state }, at)
    emit('operator.event', { type: operatorEventType({ condition, state }), subject, state, sentence })
  }

  /** When the first look in a row has found it so; null: the last one has not. */
  let failingSince: number | null = null

  const tellOf = async (found: string | null): Promise<void> => {
    // Whoever it is has done by the next look, as a rule.
    const error = found !== null && BUSY.test(found) && failingSince === null ? null : found
    failingSince = found === null ? null : (failingSince ?? store.now())
    const details = error === null ? null : ({ code: 'store_failing', since: null, error } as const)
    log({ condition: 'store.failing', subject: 'database', details }, store.now())
    await tellUnwritable(error, failingSince)
  }

  const lookAtCallbacks = async (): Promise<void> => {
    const at = store.now()
    for (const one of await store.endedCallbackEvents()) note({ ...one, at, adds: 0, details: null })
  }

  return {
    look: async () => {
      if (isLooking) return
      isLooking = true
      try {
        const [writeError, stats] = await Promise.all([findWriteError(store), store.stats().catch(() => null)])
        await tellOf(writeError)
        // What keeps us from reading others tell; the next look comes soon.
        if (stats === null) return
        const nodeEvents = [...(await store.firingNodeEvents()), ...firingNodes]
        const now = new Map<string, boolean>()
        const looks = looksOf({ stats, writeError: null, isServed: true, pollMaxMs }, nodeEvents)
        for (const look of looks) {
          const key = keyOf(look)
          const isWrong = look.details !== null
          now.set(key, isWrong)
          log(look, stats.at)
          if (seen.get(key) !== isWrong) note({ ...look, at: stats.at, adds: 0 } as OperatorNote)
        }
        seen = now
        firingNodes = looks.flatMap(({ condition, subject, details }) =>
          NODE_CONDITIONS.flatMap(one => (one === condition && details !== null ? [{ condition: one, subject }] : [])),
        )
        await lookAtCallbacks()
      } catch {
        // The database cannot be read now, which others tell; the next look comes soon.
      } finally {
        isLooking = false
      }
    },
    // What fails now is found by the next look.
    lookAtCallbacks: () => lookAtCallbacks().catch(() => {}),
    forget: key => void seen.delete(key),
  }
}
