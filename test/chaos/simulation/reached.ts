import { countDuplicates } from '../check.ts'
import { overlaps, VERDICTS } from '../judged.ts'
import { type Act, newSeen, type Seen } from '../seen.ts'
import type { Told } from '../stories.ts'
import type { Totals } from './many.ts'
import type { PlanName } from './plans.ts'
import { REFUSED } from './upstream.ts'

/** Counts how often a history reached rare cases, by outside observations. */
export const countReached = (seen: Seen): Record<string, number> => {
  const { acts, polls, registering, troubles } = seen
  const webhooks = seen.webhooks.map(one => ({ ...one, ...(JSON.parse(one.body) as Pick<Told, 'data'>) }))
  const shown = seen.shown.flatMap(({ registration, ...one }) => (registration ? [{ ...one, ...registration }] : []))
  const ids = new Set(shown.map(({ id }) => id))
  const told = (reason: string) => webhooks.filter(({ data }) => data.reason === reason)
  const trouble = (name: string) => troubles.filter(one => one.name.startsWith(name))
  const underWay = (what: Act['what']) =>
    acts.filter(act => {
      const sent = webhooks.filter(({ data }) => act.what === what && data.registrationId === act.id)
      return sent.some(({ at, answeredAt }) => overlaps({ from: at, to: answeredAt }, act.at, act.at))
    })
  const tried = ({ from, to }: Seen['troubles'][number]) =>
    polls.filter(({ at, heardAt }) => heardAt !== null && at > from && at <= to).slice(1)
  const known = registering.filter(({ at, serial }) =>
    polls.some(one => one.serial === serial && VERDICTS.has(one.answer) && (one.heardAt ?? at) < at),
  )
  const batches = Map.groupBy(known, ({ at, partner, serial }) => `${at} ${partner} ${serial}`)
  const reached: Record<string, readonly unknown[]> = {
    'death of the process': trouble('the process is dead'),
    'database that refuses to write': trouble('the database refuses'),
    'machine that stands still': trouble('the machine stands still'),
    'clock that is set': trouble('the clock is set'),
    'outage of GetResult': trouble('GetResult is away'),
    'time without a network': trouble('there is no network'),
    'trial call of a paused account': trouble(REFUSED).flatMap(tried),
    'account that an operator has paused': seen.paused,
    'partner that is disabled': seen.disabled,
    'second account': polls.slice(0, new Set(polls.map(({ account }) => account)).size - 1),
    'Retry-After of GetResult': polls.filter(({ retryAfterMs }) => retryAfterMs),
    'Retry-After of a receiver': webhooks.filter(({ retryAfter }) => retryAfter),
    'webhook again after its 2xx': Array(countDuplicates(seen)),
    'webhook that is ended by a 410': webhooks.filter(({ status }) => status === 410),
    'webhook that is held': shown.filter(
      ({ resolvedAt, delivery }) => resolvedAt && delivery.state === 'pending' && delivery.nextAttemptAt === null,
    ),
    'webhook that is given up': shown.filter(
      ({ status, delivery }) => status !== 'cancelled' && delivery.state === 'exhausted',
    ),
    'webhook of a partner who wants it thin': webhooks.filter(({ data }) => !('message' in data)),
    'cancel under way': underWay('cancel'),
    'resend under way': underWay('resend'),
    'cancel after a verdict': shown.filter(({ status, delivery }) => status === 'cancelled' && delivery.messageId),
    'resend of all that was given up': seen.bulkResends.filter(({ answeredAt }) => answeredAt !== null),
    'bulk act of an operator': acts.filter(({ isOfAll, answeredAt }) => isOfAll && answeredAt !== null),
    'secret that is rotated': seen.secrets.filter(({ from }) => from > 0),
    'serial of another partner': seen.refusals.filter(({ status }) => status === 409),
    'batch with a known verdict': [...batches.values()].filter(same => same.length > 1),
    'wait that its end has answered': shown.filter(
      ({ at, answeredAt, waitMs = 0, status }) =>
        status !== 'pending' && answeredAt && answeredAt > at && answeredAt < at + waitMs,
    ),
    [ERASED]: seen.shown.filter(({ id, registration }) => registration === null && ids.has(id)),
    'unresolved: expired': told('expired'),
    'unresolved: unknown status': told('unknown_status'),
    'unresolved: not found': told('not_found'),
    'unresolved: gone': told('gone'),
    'unresolved: invalid id': told('invalid_id'),
  }
  return Object.fromEntries(Object.entries(reached).map(([name, found]) => [name, found.length]))
}
const ERASED = 'registration that is erased'
export const REACHED = Object.keys(countReached(newSeen()))

export const REACHING_TIMES = 5
/**
 * Seeds that reach each case in so many histories: of 1 to 200, always the one that reaches most of what is still reached
 * in fewer. `reaching.ts` finds them.
 */
export const REACHING = [
  3, 7, 19, 21, 28, 32, 48, 64, 65, 68, 81, 82, 84, 95, 98, 99, 145, 156, 157, 160, 165, 186, 192, 196, 198, 199,
]

/** This many histories must have reached all cases. */
const HISTORIES = 400
/** The cases that must be reached, and how often they were. */
export const reachedBy = ({ counts }: Pick<Totals, 'counts'>, plan: PlanName): Record<string, number> => {
  const names = plan === 'minutes' && counts.histories >= HISTORIES ? REACHED : plan === 'year' ? [ERASED] : []
  return Object.fromEntries(names.map(name => [name, counts[name] ?? 0]))
}
