import type { Withdrawn } from '../store/store.ts'
import { createInFlight } from './in-flight.ts'

type Admission = 'entered' | 'busy' | 'withdrawn'
interface Waiting<Comer> {
  comer: Comer
  until: number
  resolve: (admission: Admission) => void
}

/** So many may be in at each host, or account, at a time; others wait for their turn, first come first served. */
export interface Places<Comer> {
  /** So many are in, and so many wait. */
  readonly counts: ReadonlyMap<string, number>
  /** At once where there is a place; otherwise when one becomes free, or `busy` when none does in time. */
  enter(where: string, comer: Comer): 'entered' | Promise<Admission>
  leave(where: string): void
  /** Those of it that wait are told. */
  withdraw(what: Withdrawn): void
  /** Whoever waits there is told `withdrawn`. */
  clear(where: string): void
}

/** How often those who have waited too long are looked for. */
const TICK_MS = 100

/**
 * @param deps.waitMs how long one waits at most, by `deps.now`
 * @param deps.isFor whether the comer is there for this registration
 */
export const createPlaces = <Comer extends { partnerId: string }>(deps: {
  size: number
  waitMs: number
  now: () => number
  isFor: (comer: Comer, registrationId: string) => boolean
}): Places<Comer> => {
  const { size, waitMs, now, isFor } = deps
  const all = createInFlight()
  const inside = createInFlight()
  const queues = new Map<string, Waiting<Comer>[]>()
  let timer: NodeJS.Timeout | undefined

  const take = (where: string): Waiting<Comer> | undefined => {
    const queue = queues.get(where)
    const next = queue?.shift()
    if (queue?.length === 0) queues.delete(where)
    return next
  }

  /** Sends those away to whom this applies. */
  const dismiss = (applies: (one: Waiting<Comer>, where: string) => boolean, admission: Admission) => {
    for (const [where, queue] of queues) {
      const gone = queue.filter(one => applies(one, where))
      if (gone.length === 0) continue
      const left = queue.filter(one => !applies(one, where))
      if (left.length === 0) queues.delete(where)
      else queues.set(where, left)
      for (const { resolve } of gone) {
        all.end(where)
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
    enter: (where, comer) => {
      all.start(where)
      if ((inside.counts.get(where) ?? 0) < size) {
        inside.start(where)
        return 'entered'
      }
      timer ??= setInterval(onTick, TICK_MS)
      return new Promise(resolve => {
        const queue = queues.get(where) ?? []
        if (queue.length === 0) queues.set(where, queue)
        queue.push({ comer, until: now() + waitMs, resolve })
      })
    },
    leave: where => {
      all.end(where)
      const next = take(where)
      if (next) next.resolve('entered')
      else inside.end(where)
    },
    withdraw: ({ partnerId, registrationId }) =>
      dismiss(
        ({ comer }) => comer.partnerId === partnerId && (registrationId === null || isFor(comer, registrationId)),
        'withdrawn',
      ),
    clear: cleared => dismiss((_, where) => where === cleared, 'withdrawn'),
  }
}
