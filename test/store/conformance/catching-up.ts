import { expect, test } from 'vitest'
import { DAY, SECOND } from '../../../src/core/duration.ts'
import { type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** So many messages that failed once, whose retries were due while nobody looked. */
const openBreak = async (open: OpenStore, retries: number) => {
  const bench = await openStoreFixture(open)
  await bench.store.register(Array.from({ length: retries }, () => bench.newRegistration()))
  for (let resolved = 0; resolved < retries; await bench.advance(SECOND))
    resolved += await bench.poll({ kind: 'verdict', code: 2, verdict: VERDICT })
  let failed = 0
  while (failed < retries) failed += await bench.deliver(503)
  await bench.advance(3 * DAY)
  return bench
}
const VERDICT = { status: 'SUCCESS', message: null, livingScore: null, similarity: null } as const

interface Sent {
  id: string
  retries: number
  after: number
}
/** Sends whatever is due until `isEnough`; when each was sent, counted from now. */
const sendUntil = async (bench: StoreFixture, isEnough: (sent: readonly Sent[]) => boolean): Promise<Sent[]> => {
  const begunAt = bench.store.now()
  const sent: Sent[] = []
  while (!isEnough(sent)) {
    const { messages, nextAt } = await bench.claimMessagesWith({ slots: 16 })
    await bench.store.settleMessages(messages.map(message => bench.received(message, 200)))
    const after = bench.store.now() - begunAt
    sent.push(...messages.map(one => ({ id: one.registrationId, retries: one.retries, after })))
    if (nextAt === null && !isEnough(sent)) throw new Error(`only ${sent.length} were sent`)
    await bench.advance(Math.max(1, (nextAt ?? 0) - bench.store.now()))
  }
  return sent
}

export const describeCatchingUp = (open: OpenStore): void => {
  test('P15, R18: after a break first attempts go before old retries', { timeout: 30_000 }, async () => {
    await using bench = await openBreak(open, 100)
    const fresh = await bench.resolve()
    const sent = await sendUntil(bench, all => all.some(({ id }) => id === fresh.id))
    const first = sent.findIndex(({ id }) => id === fresh.id)
    expect(first).toBeLessThanOrEqual(2)
    expect(sent[first]?.after).toBeLessThan(SECOND)
  })

  test('R18: of a lane that is behind, old retries go too, and all of them', { timeout: 30_000 }, async () => {
    await using bench = await openBreak(open, 50)
    const sent = await sendUntil(bench, all => all.length >= 50)
    expect(new Set(sent.map(({ id }) => id)).size).toBe(50)
  })
}
