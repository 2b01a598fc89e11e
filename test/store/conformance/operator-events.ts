import { expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { MOST_OPERATOR_EVENTS, type OperatorNote } from '../../../src/core/operator-event.ts'
import type { ClaimedOperatorEvent, OperatorSettlement } from '../../../src/store/store.ts'
import { first, type OpenStore, openBench } from '../../support/store.ts'

const LEASE_MS = 30 * SECOND
const GAP_MS = 4 * SECOND
type Bench = Awaited<ReturnType<typeof openBench>>

const claim = ({ store }: Bench, limit = 100) => store.claimOperatorEvents({ limit, leaseMs: LEASE_MS, gapMs: GAP_MS })

const paused = ({ store }: Bench, subject = 'acc_1'): OperatorNote => ({
  ...{ condition: 'account.paused', subject, at: store.now(), adds: 1 },
  details: {
    code: 'account_paused',
    since: store.now(),
    account: 'C1',
    reason: 'frozen',
    upstreamCode: 4050,
    nextTryAt: null,
  },
})
const resumed = (bench: Bench): OperatorNote => ({ ...paused(bench), details: null }) as OperatorNote
const told = ({ condition, subject, claim, state, count }: ClaimedOperatorEvent): OperatorSettlement => ({
  ...{ condition, subject, claim },
  outcome: { kind: 'told', state, count },
})

/** Tells all that is due, and gives what was told. */
const tell = async (bench: Bench) => {
  const { events } = await claim(bench)
  await bench.store.settleOperatorEvents(events.map(told), null)
  await bench.advance(GAP_MS)
  return events.map(({ condition, subject, state, count, since }) => ({ condition, subject, state, count, since }))
}

export const describeOperatorEvents = (open: OpenStore): void => {
  test('what is noted is told once, then its number after an hour, and its end at once', async () => {
    await using bench = await openBench(open)
    const since = bench.store.now()
    const event = { condition: 'account.paused', subject: 'acc_1', state: 'firing', since }
    expect(await bench.store.noteOperatorEvents([paused(bench)])).toEqual({ results: ['due'], dropped: [] })
    expect(await tell(bench)).toEqual([{ ...event, count: 1 }])
    const again = await bench.store.noteOperatorEvents([paused(bench), paused(bench)])
    expect(again.results).toEqual(['counted', 'counted'])
    expect(await tell(bench)).toEqual([])
    await bench.advance(HOUR)
    expect(await tell(bench)).toEqual([{ ...event, count: 3 }])
    await bench.store.noteOperatorEvents([resumed(bench)])
    expect(await tell(bench)).toEqual([{ ...event, state: 'resolved', count: 3 }])
    expect(await bench.store.noteOperatorEvents([resumed(bench)])).toEqual({ results: ['same'], dropped: [] })
  })

  test('an event is handed out once until its lease runs out, and one that no longer holds changes nothing', async () => {
    await using bench = await openBench(open)
    await bench.store.noteOperatorEvents([paused(bench)])
    const late = first((await claim(bench)).events)
    await bench.advance(GAP_MS)
    expect(await claim(bench)).toEqual({ events: [], nextAt: late.at + LEASE_MS })
    await bench.advance(LEASE_MS)
    const now = first((await claim(bench)).events)
    expect(now).toMatchObject({ id: late.id, claim: late.claim + 1 })
    await bench.store.settleOperatorEvents([{ ...told(late), outcome: { kind: 'refused' } }], null)
    await bench.advance(LEASE_MS)
    expect((await claim(bench)).events).toHaveLength(1)
  })

  test('nobody claims within the gap, or before the pause that a robot asked for', async () => {
    await using bench = await openBench(open)
    const at = bench.store.now()
    await bench.store.noteOperatorEvents([paused(bench, 'acc_1'), paused(bench, 'acc_2')])
    const one = first((await claim(bench, 1)).events)
    expect(await claim(bench, 1)).toEqual({ events: [], nextAt: at + GAP_MS })
    await bench.store.settleOperatorEvents([told(one)], at + MINUTE)
    await bench.advance(GAP_MS)
    expect(await claim(bench, 1)).toEqual({ events: [], nextAt: at + MINUTE })
    await bench.advance(MINUTE)
    expect((await claim(bench)).events).toMatchObject([{ subject: 'acc_2' }])
  })

  test('what failed is tried again when it says, with the number of tries', async () => {
    await using bench = await openBench(open)
    await bench.store.noteOperatorEvents([paused(bench)])
    const event = first((await claim(bench)).events)
    const dueAt = bench.store.now() + MINUTE
    const other = { ...event, subject: 'acc_other' }
    await bench.store.settleOperatorEvents([told(other)], null)
    await bench.store.settleOperatorEvents([{ ...event, outcome: { kind: 'failed', dueAt } }, told(other)], null)
    expect(await claim(bench)).toEqual({ events: [], nextAt: dueAt })
    await bench.advance(MINUTE)
    expect((await claim(bench)).events).toMatchObject([{ id: event.id, tries: 1, toldState: null }])
  })

  test('what ends while it is being told is told to have ended', async () => {
    await using bench = await openBench(open)
    await bench.store.noteOperatorEvents([paused(bench)])
    const event = first((await claim(bench)).events)
    await bench.store.noteOperatorEvents([resumed(bench)])
    await bench.store.settleOperatorEvents([told(event)], null)
    await bench.advance(GAP_MS)
    expect(await tell(bench)).toMatchObject([{ state: 'resolved' }])
  })

  test('of more than a thousand, the oldest that are over go first', async () => {
    await using bench = await openBench(open)
    await bench.store.noteOperatorEvents([paused(bench)])
    await tell(bench)
    await bench.store.noteOperatorEvents([resumed(bench)])
    await tell(bench)
    const many = Array.from({ length: MOST_OPERATOR_EVENTS - 1 }, (_, n) => paused(bench, `acc_many_${n}`))
    expect((await bench.store.noteOperatorEvents(many)).dropped).toEqual([])
    expect((await bench.store.noteOperatorEvents([paused(bench, 'acc_more')])).dropped).toEqual(['account.paused'])
    expect((await claim(bench, 2_000)).events).toHaveLength(MOST_OPERATOR_EVENTS)
  })

  test('the hosts of a partner were told before a paused account, and pushed it out', async () => {
    await using bench = await openBench(open)
    const failing = (partnerId: string, n: number): OperatorNote => ({
      ...{ condition: 'callback.failing', subject: `${partnerId} ${n}.example`, at: bench.store.now(), adds: 1 },
      details: { partnerId, host: `${n}.example`, since: bench.store.now(), error: 'timeout' },
    })
    await bench.store.noteOperatorEvents([paused(bench)])
    await tell(bench)
    const many = Array.from({ length: 1_100 }, (_, n) => failing(`partner_${n % 30}`, n))
    expect((await bench.store.noteOperatorEvents(many)).dropped).toHaveLength(101)
    expect((await bench.store.noteOperatorEvents([resumed(bench)])).results).toEqual(['due'])
    expect(await tell(bench)).toMatchObject([{ condition: 'account.paused', state: 'resolved' }, ...Array(99).fill({})])
    const ofOne = Array.from({ length: 60 }, (_, n) => failing('partner_x', n))
    expect((await bench.store.noteOperatorEvents(ofOne)).dropped).toHaveLength(60)
  })

  test('that the channel refuses is known until it does not', async () => {
    await using bench = await openBench(open)
    const { store } = bench
    expect((await store.stats()).refusingChannel).toBeNull()
    const refusing = { since: store.now(), channel: 'wecom', problem: 'key', error: 'errcode 93000' } as const
    await store.recordOperatorChannel({ ...refusing, error: 'http 404' })
    await store.recordOperatorChannel(refusing)
    expect((await store.stats()).refusingChannel).toEqual(refusing)
    await store.recordOperatorChannel(null)
    expect((await store.stats()).refusingChannel).toBeNull()
  })

  test('a clock that was set back delays nothing', async () => {
    await using bench = await openBench(open)
    await bench.store.noteOperatorEvents([paused(bench)])
    await claim(bench)
    await bench.advance(-24 * HOUR)
    expect((await claim(bench)).events).toHaveLength(1)
  })
}
