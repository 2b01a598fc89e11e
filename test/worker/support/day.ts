import { randomBytes } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import type { Answer } from '../../../src/core/answer.ts'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import { pollInterval } from '../../../src/core/polling/schedule.ts'
import { Secret } from '../../../src/core/secret.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { createPoller, type PollerDeps } from '../../../src/worker/poller.ts'
import { createFixedClock } from '../../support/fixed-clock.ts'
import { newRegistration, POLICY } from '../../support/store.ts'

/** A check of one person. Times are ms since the day began. */
export interface Check {
  /** Its kind in the report. */
  kind: string
  partner: number
  registeredAt: number
  /** Checks with the same number come in one batch; null: by itself. */
  batch: number | null
  completesAt: number
}

export interface Day {
  name: string
  checks: readonly Check[]
  /** From when to when GetResult cannot be reached. */
  outage?: { from: number; to: number }
}

const RATE = 5
const CONCURRENCY = 4
const MOST_ROUNDS = 200_000

const VERDICT = { status: 'SUCCESS', message: null, livingScore: null, similarity: null } as const
const UNREACHABLE: Answer = { kind: 'transient', code: null, cause: 'unreachable' }

export const openDayStore = async (now: () => number, partners: number) => {
  const ulid = monotonicFactory()
  const newId = (prefix: string) => `${prefix}_${ulid()}`
  const store = await openSqliteStore({ path: ':memory:', masterKey: randomBytes(32), now, defaultRate: RATE })
  const credentials = { apiId: 'C1', apiKey: new Secret('key'), passwordMode: 'dynamic' } as const
  const account = await store.putDefaultAccount({ id: newId('acc'), ...credentials })
  const partnerIds: string[] = []
  for (let n = 0; n < partners; n++) {
    const { partner } = newPartner(`partner ${n}`, { newId, random: randomBytes })
    partnerIds.push((await store.createPartner(partner)).id)
  }
  const register = (checks: readonly { check: Check; serial: string }[]) =>
    store.register(
      checks.map(({ check, serial }) =>
        newRegistration({
          partnerId: partnerIds[check.partner] as string,
          accountId: account.id,
          idcardid: serial,
          isBatch: check.batch !== null,
        }),
      ),
    )
  return { store, register, partnerIds }
}

type DayPoller = Pick<PollerDeps, 'store' | 'clock'> & PollerDeps['upstream'] & Partial<Pick<PollerDeps, 'emit'>>

/** The service's own poller with the usual schedule. */
export const createDayPoller = ({ store, clock, ask, emit = () => {} }: DayPoller) =>
  createPoller({
    store,
    upstream: { ask },
    policy: POLICY,
    plan: { intervalMs: (_, ageMs) => pollInterval(ageMs, POLICY), polled: () => {} },
    concurrency: CONCURRENCY,
    timeoutMs: 10 * SECOND,
    random: Math.random,
    clock,
    onLookup: () => {},
    onFree: () => {},
    onDue: () => {},
    emit,
  })

/**
 * Runs the service's own store and poller through a day whose hours take no time; a call takes none either. Resolves to
 * the time from the completion of each check to its verdict, in their order.
 */
export const runDay = async ({ checks, outage }: Day): Promise<number[]> => {
  const startedAt = 1_800_000_000_000
  const clock = createFixedClock(startedAt)
  const partners = 1 + Math.max(...checks.map(({ partner }) => partner))
  const { store, register } = await openDayStore(clock.now, partners)
  const serialOf = (index: number) => `${index + 1}`
  const toldAt = new Map<string, number>()
  const isOut = () => {
    const at = clock.now() - startedAt
    return outage !== undefined && at >= outage.from && at < outage.to
  }
  const ask = async (_: unknown, serial: string): Promise<Answer> => {
    if (isOut()) return UNREACHABLE
    const check = checks[Number(serial) - 1] as Check
    if (check.completesAt > clock.now() - startedAt) return { kind: 'waiting', code: 2, status: 'ING' }
    if (!toldAt.has(serial)) toldAt.set(serial, clock.now() - startedAt)
    return { kind: 'verdict', code: 2, verdict: VERDICT }
  }
  const poller = createDayPoller({ store, clock, ask: (account, { idcardid }) => ask(account, idcardid) })

  const arrivals = checks
    .map((check, index) => ({ check, serial: serialOf(index) }))
    .sort((a, b) => a.check.registeredAt - b.check.registeredAt)
  for (let round = 0, next = 0; toldAt.size < checks.length; round++) {
    if (round > MOST_ROUNDS) throw new Error(`${checks.length - toldAt.size} checks were never told`)
    const at = clock.now() - startedAt
    const from = next
    while ((arrivals[next]?.check.registeredAt ?? Number.POSITIVE_INFINITY) <= at) next++
    if (next > from) await register(arrivals.slice(from, next))
    const { claimed, nextAt } = await poller.round()
    await poller.whenIdle()
    if (claimed > 0) continue
    const arrivesAt = (arrivals[next]?.check.registeredAt ?? Number.POSITIVE_INFINITY) + startedAt
    const until = Math.min(arrivesAt, nextAt ?? arrivesAt, clock.now() + MINUTE)
    await clock.advance(Math.max(1, until - clock.now()))
  }
  await store.close()
  return checks.map(({ completesAt }, index) => (toldAt.get(serialOf(index)) as number) - completesAt)
}
