import type { Withdrawn } from '../store/store.ts'
import { createInFlight } from './in-flight.ts'

interface Comer {
  host: string
  partnerId: string
  registrationId: string
}
type Admission = 'entered' | 'busy' | 'withdrawn'
type Waiting = Comer & { until: number; resolve: (admission: Admission) => void }

/** Places at each host, whoever's attempts they are, and those who wait for one, first come first served. */
export interface Places {
  /** So many are in, and so many wait. */
  readonly counts: ReadonlyMap<string, number>
  /** At once where there is a place; otherwise when one becomes free, or `busy` when none does in time. */
  enter(comer: Comer): 'entered' | Promise<Admission>
  leave(host: string): void
  /** Those of it that wait are told. */
  withdraw(what: Withdrawn): void
}

/** How often those who have waited too long are looked for. */
const TICK_MS = 100

/** @param deps.waitMs how long one waits at most, by `deps.now` */
export const createPlaces = (deps: { perHost: number; waitMs: number; now: () => number }): Places => {
  const { perHost, waitMs, now } = deps
  const all = createInFlight()
  const inside = createInFlight()
  const queues = new Map<string, Waiting[]>()
  let timer: NodeJS.Timeout | undefined

  const take = (host: string): Waiting | undefined => {
    const queue = queues.get(host)
    const next = queue?.shift()
    if (queue?.length === 0) queues.delete(host)
    return next
  }

  /** Sends those away to whom this applies. */
  const dismiss = (applies: (one: Waiting) => boolean, admission: Admission) => {
    for (const [host, queue] of queues) {
      const gone = queue.filter(applies)
      if (gone.length === 0) continue
      const left = queue.filter(one => !applies(one))
      if (left.length === 0) queues.delete(host)
      else queues.set(host, left)
      for (const { resolve } of gone) {
        all.end(host)
        resolve(admission)
      }
    }
  }

  const onTick = () => {
    const at = now()
    dismiss(({ until }) => until <= at, 'busy')
    if (queues.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    counts: all.counts,
    enter: comer => {
      const { host } = comer
      all.start(host)
      if ((inside.counts.get(host) ?? 0) < perHost) {
        inside.start(host)
        return 'entered'
      }
      timer ??= setInterval(onTick, TICK_MS)
      return new Promise(resolve => {
        const queue = queues.get(host) ?? []
        if (queue.length === 0) queues.set(host, queue)
        queue.push({ ...comer, until: now() + waitMs, resolve })
      })
    },
    leave: host => {
      all.end(host)
      const next = take(host)
      if (next) next.resolve('entered')
      else inside.end(host)
    },
    withdraw: ({ partnerId, registrationId }) =>
      dismiss(
        one => (registrationId === null ? one.partnerId === partnerId : one.registrationId === registrationId),
        'withdrawn',
      ),
  }
}
