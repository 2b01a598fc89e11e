import { expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { MAX_PARTNERS } from '../../../src/store/verifications/queue-heads.ts'
import { type OpenStore, openStoreFixture, WAITING } from '../../support/store.ts'

/** Who is asked first where more is due than may be asked. The bench's rule asks every 5 s, and one call may go at a time. */
export const describePollQueues = (open: OpenStore): void => {
  const openQueue = async (options?: Parameters<typeof openStoreFixture>[1]) => {
    const bench = await openStoreFixture(open, options)
    /** The serials of the next calls, each of which finds the check still open. */
    const ask = async (calls: number): Promise<string[]> => {
      const asked: string[] = []
      for (let call = 0; call < calls; call++) {
        const claimed = await bench.claim({ concurrency: 1 })
        await bench.store.settleVerifications(claimed.map(one => bench.answered(one, WAITING)))
        asked.push(...claimed.map(({ verification }) => verification.idcardid))
      }
      return asked
    }
    const registerMany = (name: string, count: number, isBatch: boolean) =>
      bench.store.register(
        Array.from({ length: count }, (_, n) => bench.newRegistration({ idcardid: `${name}-${n}`, isBatch })),
      )
    return { bench, ask, registerMany, [Symbol.asyncDispose]: () => bench.store.close() }
  }

  test('a registration beside a batch of the same partner does not wait for the batch, nor does its second poll', async () => {
    await using queue = await openQueue()
    await queue.registerMany('batch', 200, true)
    await queue.ask(20)
    await queue.bench.register({ idcardid: 'single' })
    expect(await queue.ask(2)).toContain('single')
    await queue.bench.advance(5 * SECOND)
    expect(await queue.ask(4)).toContain('single')
  })

  test('a new serial does not wait for those that became overdue in an outage, asked before or not', async () => {
    await using queue = await openQueue()
    await queue.registerMany('asked', 100, false)
    await queue.bench.poll(WAITING)
    await queue.registerMany('never', 100, false)
    await queue.bench.advance(HOUR)
    await queue.bench.register({ idcardid: 'new' })
    expect(await queue.ask(2)).toContain('new')
  })

  test('those that are overdue do not wait for ever because new ones keep coming', async () => {
    await using queue = await openQueue()
    await queue.registerMany('old', 2, false)
    await queue.bench.poll(WAITING)
    await queue.registerMany('never', 2, false)
    await queue.bench.advance(MINUTE)
    const asked: string[] = []
    for (let n = 0; n < 32; n++) {
      await queue.registerMany(`new-${n}`, 3, false)
      asked.push(...(await queue.ask(1)))
    }
    for (const serial of ['old-0', 'old-1', 'never-0', 'never-1']) expect(asked).toContain(serial)
  })

  test('a queue of one partner delays another partner by no more than its own calls', async () => {
    await using queue = await openQueue()
    await queue.registerMany('queued', 100, false)
    await queue.ask(3)
    const partnerId = await queue.bench.addPartner()
    await queue.bench.register({ idcardid: 'other', partnerId })
    expect(await queue.ask(2)).toContain('other')
  })

  test('one that is due says how many calls go before it, and when it is asked itself', async () => {
    await using queue = await openQueue({ rate: 5 })
    const { bench } = queue
    await queue.registerMany('batch', 20, true)
    const { id } = await bench.register({ isBatch: true })
    const explained = await bench.store.explain(bench.partnerId, id)
    expect(explained?.queue).toEqual({ before: 20, isAtLeast: false, rate: 5, at: bench.store.now() + 4 * SECOND })
    await bench.advance(SECOND)
    await queue.ask(1)
    expect((await bench.store.explain(bench.partnerId, id))?.queue?.before).toBe(19)
  })

  test('shares its rate with the partners that wait, of which so many are counted, and then says so', {
    timeout: 60_000,
  }, async () => {
    await using queue = await openQueue({ rate: 6_000 })
    const { store, partnerId, ...bench } = queue.bench
    const wait = async (count: number) => {
      const ids = await bench.addPartners(count)
      await store.register(ids.map(id => bench.newRegistration({ partnerId: id, idcardid: bench.newId('s') })))
      return ids
    }
    const forecast = async () => (await store.statusOf(partnerId, null)).queue
    await bench.register()
    const [one = ''] = await wait(MAX_PARTNERS - 1)
    expect(await forecast()).toMatchObject({ before: 1, isAtLeast: false, rate: 30 })
    await store.changePartner(one, { disabled: true })
    expect(await forecast()).toMatchObject({ isAtLeast: false, rate: 6_000 / 199 })
    await wait(10)
    expect(await forecast()).toMatchObject({ before: 1, isAtLeast: true, rate: 30 })
  })

  test('a status says how many calls go before what is registered next, and counts the messages of the last hour', async () => {
    await using queue = await openQueue()
    const { bench } = queue
    const { store, partnerId } = bench
    await bench.resolve()
    await bench.deliver(204)
    await bench.resolve()
    await queue.registerMany('asked', 10, false)
    await bench.poll(WAITING)
    await bench.advance(MINUTE)
    const { id } = await bench.register()
    await store.nudge(partnerId, id)
    const status = await store.statusOf(partnerId, null)
    expect(status).toMatchObject({
      account: { id: bench.account.id, pausedAt: null },
      queue: { before: 2, rate: 1_000 },
      messages: { since: store.now() - HOUR, delivered: 1, pending: 1, exhausted: 0 },
    })
    await bench.advance(2 * HOUR)
    expect((await store.statusOf(partnerId, null)).messages).toMatchObject({ delivered: 0, pending: 0 })
    expect((await store.statusOf(await bench.addPartner(), null)).messages).toMatchObject({ delivered: 0, pending: 0 })
  })
}
