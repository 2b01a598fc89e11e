import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { first, LEASE_MS, type OpenStore, openBench, WAITING } from '../../support/store.ts'

type Bench = Awaited<ReturnType<typeof openBench>>

export const describeClockSteps = (open: OpenStore): void => {
  test('C1 lets what was planned before the clock was set back wait as long as was planned, and nothing else', async () => {
    await using bench = await openBench(open)
    const old = await bench.register()
    await bench.poll(WAITING)
    const waitMs = ((await bench.find(old.id)).nextPollAt ?? 0) - bench.store.now()
    const { id } = await bench.resolve({ idcardid: '1' })
    await bench.deliver(500)
    const retryMs = ((await bench.find(id)).delivery.nextAttemptAt ?? 0) - bench.store.now()
    await bench.advance(-HOUR)
    const fresh = await bench.register()
    await bench.poll(WAITING)
    const planned = (await bench.find(fresh.id)).nextPollAt
    await bench.advance(SECOND)
    expect(await bench.mend()).toBe(2)
    expect(await bench.mend()).toBe(0)
    const now = bench.store.now()
    expect((await bench.find(fresh.id)).nextPollAt).toBe(planned)
    expect(await bench.find(old.id)).toMatchObject({ nextPollAt: now + waitMs, lastPolledAt: now })
    expect((await bench.find(id)).delivery.nextAttemptAt).toBe(now + retryMs)
    expect(await bench.store.listAttempts(bench.partnerId, id)).toMatchObject([{ at: now }])
  })

  test('C1 brings nothing forward after a small step back', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.resolve()
    await bench.deliver(500)
    const before = (await bench.find(id)).delivery.nextAttemptAt ?? 0
    await bench.advance(-30 * SECOND)
    await bench.mend()
    expect((await bench.find(id)).delivery.nextAttemptAt).toBe(before - 30 * SECOND)
    await bench.mend()
    expect((await bench.find(id)).delivery.nextAttemptAt).toBe(before - 30 * SECOND)
  })

  test('C1 sends and asks at once, after the clock was set back, what was due then', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.resolve()
    const other = await bench.register()
    await bench.advance(-HOUR)
    expect(await bench.mend()).toBe(2)
    expect((await bench.claimMessages()).map(({ registrationId }) => registrationId)).toEqual([id])
    expect((await bench.claim()).map(({ verification }) => verification.waiting[0]?.id)).toEqual([other.id])
  })

  describe('C1 sends what waited for as long as the clock had been ahead', () => {
    /** The webhook is not sent now, and is due again in a second. */
    const giveBack = async (bench: Bench) => {
      const message = first(await bench.claimMessages())
      const { retries } = message
      const step = { state: 'pending' as const, dueAt: bench.store.now() + SECOND, retries, gone: false }
      await bench.store.settleMessages([{ message, step, attempt: null, shows: null }])
    }

    test.each<[string, (bench: Bench) => Promise<unknown>]>([
      ['created before', async () => {}],
      [
        'attempted before',
        async bench => {
          await bench.deliver(500)
          await bench.advance(MINUTE)
        },
      ],
    ])('and was given back meanwhile, %s', async (_, before) => {
      await using bench = await openBench(open)
      const { id } = await bench.resolve()
      await before(bench)
      await bench.advance(HOUR)
      await giveBack(bench)
      await bench.advance(-HOUR)
      expect(await bench.mend()).toBe(1)
      expect(await bench.mend()).toBe(0)
      await bench.advance(SECOND)
      expect((await bench.claimMessages()).map(({ registrationId }) => registrationId)).toEqual([id])
    })

    test('and was resent meanwhile', async () => {
      await using bench = await openBench(open)
      const { id } = await bench.resolve()
      await bench.deliver(200)
      await bench.advance(HOUR)
      await bench.store.resend(bench.partnerId, id)
      await bench.advance(-HOUR)
      expect(await bench.mend()).toBe(1)
      expect((await bench.claimMessages()).map(({ registrationId }) => registrationId)).toEqual([id])
    })

    test('and nothing that waits for its retry, or is given back while the clock is right', async () => {
      await using bench = await openBench(open)
      const { id } = await bench.resolve()
      await bench.resolve({ callbackUrl: 'https://other.example/' })
      await bench.deliver(500, { slots: 1 })
      await giveBack(bench)
      const before = (await bench.find(id)).delivery
      expect(await bench.mend()).toBe(0)
      expect((await bench.find(id)).delivery).toEqual(before)
      expect(await bench.claimMessages()).toEqual([])
    })
  })

  test('C1 keeps the lease of a call that is under way when the clock is set back', async () => {
    await using bench = await openBench(open)
    await bench.register()
    const [claimed] = await bench.claim()
    await bench.advance(-HOUR)
    expect(await bench.mend()).toBe(1)
    await bench.advance(LEASE_MS - 1)
    expect(await bench.claim()).toEqual([])
    await bench.advance(1)
    expect(await bench.claim()).toMatchObject([{ verification: { id: claimed?.verification.id } }])
  })

  test('C1 asks no faster after the clock was set back, of a serial that was registered before', async () => {
    await using bench = await openBench(open)
    await bench.register()
    await bench.advance(-HOUR)
    await bench.mend()
    await bench.poll(WAITING)
    await bench.advance(1)
    expect(await bench.claim()).toEqual([])
  })

  test('C1 looks through all that waits, a row at a time', async () => {
    await using bench = await openBench(open)
    for (let n = 0; n < 3; n++) await bench.register()
    for (let n = 0; n < 3; n++) await bench.poll(WAITING)
    await bench.resolve()
    await bench.resolve({ callbackUrl: 'https://other.example/' })
    await bench.advance(-HOUR)
    expect(await bench.mend(1)).toBe(5)
    expect(await bench.mend(1)).toBe(0)
  })
}
