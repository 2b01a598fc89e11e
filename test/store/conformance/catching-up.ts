import { expect } from 'vitest'
import { DAY, SECOND } from '../../../src/core/duration.ts'
import { type StoreFixture, SUCCESS } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** So many messages that failed once, whose retries were due while nobody looked. */
const haveBreak = async (scene: StoreFixture, retries: number) => {
  await scene.store.register(Array.from({ length: retries }, () => scene.newRegistration()))
  for (let resolved = 0; resolved < retries; await scene.advance(SECOND)) resolved += await scene.poll(SUCCESS)
  let failed = 0
  while (failed < retries) failed += await scene.deliver(503)
  await scene.advance(3 * DAY)
}

interface Sent {
  id: string
  retries: number
  after: number
}
/** Sends whatever is due until `isEnough`; when each was sent, counted from now. */
const sendUntil = async (scene: StoreFixture, isEnough: (sent: readonly Sent[]) => boolean): Promise<Sent[]> => {
  const begunAt = scene.store.now()
  const sent: Sent[] = []
  while (!isEnough(sent)) {
    const { messages, nextAt } = await scene.claimMessagesWith({ slots: 16 })
    await scene.store.settleMessages(messages.map(message => scene.received(message, 200)))
    const after = scene.store.now() - begunAt
    sent.push(...messages.map(one => ({ id: one.registrationId, retries: one.retries, after })))
    if (nextAt === null && !isEnough(sent)) throw new Error(`only ${sent.length} were sent`)
    await scene.advance(Math.max(1, (nextAt ?? 0) - scene.store.now()))
  }
  return sent
}

export const describeCatchingUp = (test: StoreTest): void => {
  test('P15, R18: after a break first attempts go before old retries', { timeout: 30_000 }, async ({ scene }) => {
    await haveBreak(scene, 100)
    const fresh = await scene.resolve()
    const sent = await sendUntil(scene, all => all.some(({ id }) => id === fresh.id))
    const first = sent.findIndex(({ id }) => id === fresh.id)
    expect(first).toBeLessThanOrEqual(2)
    expect(sent[first]?.after).toBeLessThan(SECOND)
  })

  test('R18: of a lane that is behind, old retries go too, and all of them', { timeout: 30_000 }, async ({ scene }) => {
    await haveBreak(scene, 50)
    const sent = await sendUntil(scene, all => all.length >= 50)
    expect(new Set(sent.map(({ id }) => id)).size).toBe(50)
  })
}
