import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { openPostgresStore } from '../../src/store/postgres/store.ts'
import type { MessageSettlement, Store } from '../../src/store/store.ts'
import { openTestServer } from '../support/postgres.ts'
import { openBench, SUCCESS } from '../support/store.ts'

const NODES = 4
const RACE_MS = 4 * SECOND
const HOSTS = ['a.example', 'b.example', 'c.example']
/** What receivers answer; null: nothing in time. */
const ANSWERS = [200, 200, 200, 500, 410, null]

const oneOf = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item

/** Lanes that no claim would look at, though something in them is due. */
const STRANDED_LANES = `
  SELECT l.id, l.due_at, min(m.due_at) AS first FROM messages m LEFT JOIN lanes l ON l.id = m.lane_id
  WHERE m.due_at IS NOT NULL GROUP BY l.id HAVING l.id IS NULL OR l.due_at IS NULL OR l.due_at > min(m.due_at)`
/** Messages that wait for the end of a hold that there is not. */
const STRANDED_MESSAGES = `
  SELECT m.seq, m.callback_url FROM messages m
  WHERE m.state = 'pending' AND m.due_at IS NULL AND NOT EXISTS (
    SELECT FROM callbacks c WHERE c.partner_id = m.partner_id AND c.callback_url = m.callback_url
      AND c.state IN ('disabled', 'gone', 'releasing'))`

test('what nodes register, send, hold, release and resend at once is never stranded, and all of it goes out', {
  timeout: 120_000,
}, async () => {
  await using server = await openTestServer()
  const url = await server.createDatabase('race')
  const clock = { now: Date.parse('2026-11-24T08:00:00Z') }
  const openAt = () =>
    openPostgresStore({
      ...{ url, masterKey: randomBytes(32).fill(7), random: randomBytes, sleep, defaultRate: 100_000 },
      ...{ now: () => clock.now, hasDatabaseClock: false },
    })
  const benchOf = async (store: Store) => ({
    store,
    advance: (ms: number) => {
      clock.now += ms
    },
  })
  await using bench = await openBench(async () => benchOf(await openAt()))
  const { partnerId } = bench
  const others = await Promise.all(Array.from({ length: NODES - 1 }, openAt))
  const nodes = [bench.store, ...others]
  const ids: string[] = []
  const urlOf = () => `https://${oneOf(HOSTS)}/${oneOf([1, 2, 3])}`

  const claim = (store: Store, slots: number) => {
    const shares = { slots, first: 0, busyLanes: new Map(), busyPartners: new Map(), perPartner: slots }
    return store.claimMessages({
      ...{ slots, unsureSlots: slots, perHost: slots, perPartner: slots, leaseMs: MINUTE },
      ...{ prefetch: new Map(), busyHosts: new Map(), busyPartners: new Map(), slow: shares, unproven: shares },
    })
  }
  const giveBack = (settlement: MessageSettlement): MessageSettlement => ({
    message: settlement.message,
    step: { state: 'pending', dueAt: clock.now + SECOND, retries: 0, gone: false },
    attempt: null,
    shows: null,
  })
  const acts: ((store: Store) => Promise<unknown>)[] = [
    async store => {
      const items = [1, 2, 3].map(() => bench.newRegistration({ callbackUrl: urlOf() }))
      await store.register(items)
      ids.push(...items.map(({ id }) => id))
    },
    async store => {
      const claims = await store.claimVerifications({ busy: new Map(), concurrency: 100, leaseMs: MINUTE })
      const claimed = claims.claims.flatMap(({ account, verifications }) =>
        verifications.map(verification => ({ account, verification })),
      )
      await store.settleVerifications(claimed.map(one => bench.answered(one, SUCCESS)))
    },
    ...[1, 2, 3].map(() => async (store: Store) => {
      const { messages } = await claim(store, oneOf([1, 5, 100]))
      await sleep(Math.random() * 5)
      const settlements = messages.map(message => bench.received(message, oneOf(ANSWERS)))
      await store.settleMessages(settlements.map(one => (Math.random() < 0.1 ? giveBack(one) : one)))
    }),
    store => store.resend(partnerId, oneOf(ids) ?? ''),
    store => store.enableCallback({ partnerId, callbackUrl: urlOf() }, 'operator'),
    async () => {
      clock.now += oneOf([1, 10, 100])
    },
  ]
  const endsAt = performance.now() + RACE_MS
  const work = async (store: Store): Promise<void> => {
    while (performance.now() < endsAt) await oneOf(acts)(store)
  }
  // Several at once on each, as its loops and its callers are.
  await Promise.all(nodes.flatMap(store => [work(store), work(store), work(store)]))

  const ask = (text: string) => server.query(text, [], 'race')
  expect(await ask(STRANDED_LANES)).toEqual([])
  expect(await ask(STRANDED_MESSAGES)).toEqual([])

  for (const host of HOSTS)
    for (const path of [1, 2, 3])
      await bench.store.enableCallback({ partnerId, callbackUrl: `https://${host}/${path}` }, 'operator')
  for (let next: number | null = clock.now; next !== null; ) {
    clock.now = Math.max(next, clock.now + 1)
    await bench.poll(SUCCESS)
    const { messages, nextAt } = await claim(bench.store, 100)
    await bench.store.settleMessages(messages.map(message => bench.received(message, 200)))
    expect(await ask(STRANDED_LANES)).toEqual([])
    next = nextAt
  }
  const states = await ask('SELECT state, count(*)::int AS n FROM messages GROUP BY state')
  expect(states.map(({ state }) => state)).not.toContain('pending')
  expect(await ask("SELECT id FROM registrations WHERE status = 'pending'")).toEqual([])
  // How many they come to in their time is the machine's.
  expect(ids.length).toBeGreaterThan(10)
  expect(await ask('SELECT count(*)::int AS n FROM messages')).toEqual([{ n: ids.length }])
  await Promise.all(others.map(store => store.close()))
})
