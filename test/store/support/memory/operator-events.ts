import {
  afterNote,
  byUrgency,
  LONGEST_OPERATOR_WAIT_MS,
  type OperatorNote,
  overflowing,
} from '../../../../src/core/operator-event.ts'
import { afterSettling, CALLBACK_EVENTS, claimableFrom } from '../../../../src/store/operator-events.ts'
import { STILL_FAILING_MS } from '../../../../src/store/rules/callback-health.ts'
import { hostOf } from '../../../../src/store/rules/lane.ts'
import type { Store } from '../../../../src/store/store.ts'
import type { Context } from './context.ts'

type Verbs = Pick<
  Store,
  | 'noteOperatorEvents'
  | 'claimOperatorEvents'
  | 'settleOperatorEvents'
  | 'endedCallbackEvents'
  | 'recordOperatorChannel'
  | 'refusingChannel'
>

export const createOperatorEvents = ({ tables, now }: Context): Verbs => {
  const { operatorEvents, operatorPause, operatorChannel, transaction } = tables
  const claimable = (): number => claimableFrom(operatorPause.get('')?.until ?? null, now())
  const isDue = ({ dueAt }: { dueAt: number | null }): boolean =>
    dueAt !== null && (dueAt <= now() || dueAt > now() + LONGEST_OPERATOR_WAIT_MS)

  const nextAt = (): number | null => {
    const waiting = operatorEvents.where(({ dueAt }) => dueAt !== null)
    if (waiting.length === 0) return null
    const times = waiting.map(event => (isDue(event) ? Math.min(event.dueAt ?? 0, now()) : (event.dueAt ?? 0)))
    return Math.max(Math.min(...times), claimable())
  }

  const note = (one: OperatorNote) => {
    const [known] = operatorEvents.where(
      ({ condition, subject }) => condition === one.condition && subject === one.subject,
    )
    const after = afterNote(known ?? null, one, now())
    if (after === null) return 'same'
    const id = known?.id ?? tables.next('operatorEvents')
    operatorEvents.set(id, { claim: 0, tries: 0, ...known, ...after, id })
    return isDue(after) ? 'due' : 'counted'
  }

  return {
    noteOperatorEvents: async notes =>
      transaction(() => {
        const results = notes.map(note)
        const overflow = overflowing(operatorEvents.all())
        for (const { id } of overflow) operatorEvents.delete(id)
        return { results, dropped: overflow.map(({ condition }) => condition) }
      }),

    claimOperatorEvents: async ({ limit, leaseMs, gapMs }) =>
      transaction(() => {
        const due = claimable() > now() ? [] : operatorEvents.where(isDue)
        const events = due
          .toSorted(byUrgency)
          .slice(0, limit)
          .map(event => ({ ...event, claim: event.claim + 1 }))
        for (const { id, claim } of events) operatorEvents.change(id, { claim, dueAt: now() + leaseMs })
        if (events.length > 0) operatorPause.set('', { until: now() + gapMs })
        return { events, nextAt: nextAt() }
      }),

    settleOperatorEvents: async (settlements, pausedUntil) =>
      transaction(() => {
        for (const { condition, subject, claim, outcome } of settlements) {
          const [event] = operatorEvents.where(one => one.condition === condition && one.subject === subject)
          if (event?.claim !== claim) continue
          operatorEvents.change(event.id, afterSettling(event, outcome, now()))
        }
        if (pausedUntil !== null) operatorPause.set('', { until: Math.max(pausedUntil, claimable()) })
      }),

    endedCallbackEvents: async () => {
      const urls = tables.health.all()
      return operatorEvents.all().flatMap(({ condition, subject, state }) => {
        if (state !== 'firing' || (condition !== 'callback.failing' && condition !== 'callback.disabled')) return []
        const isStillSo = urls.some(
          url =>
            `${url.partnerId} ${hostOf(url.callbackUrl)}` === subject &&
            url.state === CALLBACK_EVENTS[condition] &&
            (url.state === 'disabled' || url.lastAt > now() - STILL_FAILING_MS),
        )
        return isStillSo ? [] : [{ condition, subject }]
      })
    },
    recordOperatorChannel: async refusing =>
      transaction(() => {
        if (refusing === null) operatorChannel.delete('')
        else operatorChannel.set('', refusing)
      }),
    refusingChannel: async () => operatorChannel.get('') ?? null,
  }
}
