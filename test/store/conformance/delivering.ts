import { expect } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { first, HOOK, LEASE_MS, SUCCESS } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describeDelivering = (test: StoreTest): void => {
  test('hands out a message that is due with all that an attempt needs', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    const createdAt = store.now()
    await scene.advance(SECOND)
    const { messages, secrets } = await scene.claimMessagesWith()
    expect(first(messages)).toMatchObject({
      partnerId,
      registrationId: id,
      callbackUrl: HOOK,
      host: 'partner.example',
      attempts: 0,
      retries: 0,
      slow: false,
      createdAt,
      dueAt: createdAt,
    })
    expect([...secrets.keys()]).toEqual([partnerId])
    expect(secrets.get(partnerId)?.map(secret => secret.reveal())).toEqual([expect.stringMatching(/^whsec_/)])
  })

  test('hands out with a serial, and with each message, the traceparent that a registration came with', async ({
    scene,
  }) => {
    const [one, other] = ['a', 'b'].map(digit => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`) as [string, string]
    const register = (path: string, traceparent: string | null) =>
      scene.register({ idcardid: '42', callbackUrl: `https://partner.example/${path}`, traceparent })
    await register('one', one)
    await register('none', null)
    await register('other', other)
    const claimed = first(await scene.claim())
    expect(claimed.verification.traceparents).toEqual([one, other])
    await scene.store.settleVerifications([scene.answered(claimed, SUCCESS)])
    await register('late', other)
    const messages = await scene.claimMessages()
    expect(messages.map(({ callbackUrl, traceparent }) => [new URL(callbackUrl).pathname, traceparent])).toEqual([
      ['/one', one],
      ['/none', null],
      ['/other', other],
      ['/late', other],
    ])
  })

  test('hands a message to one caller only until its lease has run out, and then the same bytes', async ({ scene }) => {
    await scene.resolve()
    const claims = await Promise.all([scene.claimMessages(), scene.claimMessages(), scene.claimMessages()])
    const [message] = claims.flat()
    expect(claims.flat()).toHaveLength(1)
    await scene.advance(LEASE_MS - SECOND)
    expect(await scene.claimMessages()).toEqual([])
    await scene.advance(SECOND)
    const [again] = await scene.claimMessages()
    expect(again).toMatchObject({ seq: message?.seq, body: message?.body })
    expect(again?.claim).toBeGreaterThan(message?.claim ?? Number.NaN)
  })

  test('tries again when the step says so, counts on, and gives up at the end of the schedule', async ({ scene }) => {
    const { id } = await scene.resolve()
    await scene.deliver(500)
    const { nextAttemptAt } = (await scene.find(id)).delivery
    expect((await scene.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 1 })
    expect(nextAttemptAt).toBe(scene.store.now() + MINUTE)
    await scene.advance(MINUTE - 1)
    expect(await scene.claimMessages()).toEqual([])
    await scene.advance(1)
    expect(await scene.deliver(500)).toBe(1)
    await scene.advance(HOUR)
    expect(await scene.deliver(500)).toBe(1)
    expect((await scene.find(id)).delivery).toMatchObject({ state: 'exhausted', attempts: 3, nextAttemptAt: null })
    await scene.advance(24 * HOUR)
    expect(await scene.claimMessages()).toEqual([])
  })

  test('says which attempt has ended its message, and once', async ({ scene, store }) => {
    await store.register([HOOK, `${HOOK}/2`, `${HOOK}/3`].map(callbackUrl => scene.newRegistration({ callbackUrl })))
    await scene.poll(SUCCESS)
    const [one, two, three] = await scene.claimMessages()
    if (!one || !two || !three) throw new Error('there are less than three')
    const settlements = [scene.received(one, 500), scene.received(two, 200), scene.received(three, 410)]
    expect(await store.settleMessages(settlements)).toEqual([null, 'delivered', 'gone'])
    expect(await store.settleMessages(settlements)).toEqual([null, null, null])
    await scene.advance(MINUTE)
    expect(await scene.deliver(500)).toBe(1)
    await scene.advance(HOUR)
    const last = first(await scene.claimMessages())
    expect(await store.settleMessages([scene.received(last, 500)])).toEqual(['exhausted'])
  })

  test('records every attempt, the oldest first', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    expect(await store.listAttempts(partnerId, id)).toEqual([])
    await scene.deliver(500)
    await scene.advance(MINUTE)
    await scene.deliver(null)
    await scene.advance(HOUR)
    await scene.deliver(204)
    const attempts = await store.listAttempts(partnerId, id)
    expect(attempts).toMatchObject([
      { outcome: 'rejected', httpStatus: 500, error: null, durationMs: 12, responseExcerpt: 'hello' },
      { outcome: 'failed', httpStatus: null, error: 'no_response', responseExcerpt: null },
      { outcome: 'delivered', httpStatus: 204 },
    ])
    expect(attempts?.[1]?.at).toBe((attempts?.[0]?.at ?? 0) + MINUTE)
  })

  test('records the origin of each attempt', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    const originsOf = async (one: string) => (await store.listAttempts(partnerId, one))?.map(({ origin }) => origin)
    await scene.deliver(500)
    await scene.advance(MINUTE)
    await scene.deliver(500)
    await store.resend(partnerId, id)
    await scene.deliver(500)
    await scene.advance(MINUTE)
    const held = await scene.register()
    await scene.deliver(410)
    expect(await originsOf(id)).toEqual(['first', 'retry', 'resend', 'retry'])

    await scene.poll(SUCCESS)
    expect(await scene.deliver(200)).toBe(0)
    await scene.advance(1)
    await store.resend(partnerId, id)
    await scene.deliver(200)
    await scene.deliver(200)
    expect((await originsOf(id))?.at(-1)).toBe('resend')
    expect(await originsOf(held.id)).toEqual(['first'])
  })

  test('says the same of an attempt that is made again, because its worker died', async ({ scene }) => {
    const { id } = await scene.resolve()
    const died = first(await scene.claimMessages())
    await scene.advance(LEASE_MS)
    await scene.deliver(500)
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(500)
    await scene.store.settleMessages([scene.received(died, 500)])
    const attempts = await scene.store.listAttempts(scene.partnerId, id)
    expect(attempts?.map(({ origin }) => origin)).toEqual(['first', 'first', 'resend'])
  })

  test('keeps the newest 50 attempts of a message, and counts all', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    for (let n = 0; n < 60; n++) {
      await store.resend(partnerId, id)
      await scene.advance(1)
      expect(await scene.deliver(500)).toBe(1)
    }
    const attempts = (await store.listAttempts(partnerId, id)) ?? []
    expect(attempts).toHaveLength(50)
    expect(attempts.at(-1)?.at).toBe(store.now())
    expect(attempts[0]?.at).toBe(store.now() - 49)
    expect((await store.findRegistration(partnerId, id))?.delivery?.attempts).toBe(60)
  })

  test.for([
    { state: 'delivered', statuses: [200] },
    { state: 'exhausted', statuses: [500, 500, 500] },
  ])('resent when it is $state, goes out once more', async ({ state, statuses }, { scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    for (const status of statuses) {
      await scene.deliver(status)
      await scene.advance(HOUR)
    }
    const before = (await scene.find(id)).delivery
    expect(before.state).toBe(state)
    expect(await store.resend(partnerId, id)).toBe('resent')
    expect((await scene.find(id)).delivery).toMatchObject({ messageId: before.messageId, state: 'pending' })
    expect(await scene.deliver(200)).toBe(1)
    expect((await scene.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: statuses.length + 1 })
    await scene.advance(24 * HOUR)
    expect(await scene.claimMessages()).toEqual([])
  })

  test.for([500, 200])(
    'resent during an attempt, goes out once more after any outcome (%i)',
    async (httpStatus, { scene, store, partnerId }) => {
      const { id } = await scene.resolve()
      const message = first(await scene.claimMessages())
      await store.resend(partnerId, id)
      await store.settleMessages([scene.received(message, httpStatus)])
      expect((await scene.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 1 })
      expect(await scene.deliver(200)).toBe(1)
      expect((await scene.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 2 })
    },
  )

  test('cannot be resent before there is a verdict, nor once it is cancelled', async ({ scene, store, partnerId }) => {
    const { id } = await scene.register()
    expect(await store.resend(partnerId, id)).toBe('no_message')
    await store.cancel(partnerId, id)
    expect(await store.resend(partnerId, id)).toBe('cancelled')
    expect(await store.resend(partnerId, 'reg_nobody')).toBeNull()
  })

  test('leaves nothing of a batch in which one item fails', async ({ scene, store, partnerId }) => {
    const one = await scene.resolve()
    await scene.resolve()
    const [good, bad] = (await scene.claimMessages()).map(message => scene.received(message, 200))
    if (!good || !bad) throw new Error('both were due')
    const poison = { ...bad, attempt: bad.attempt && { ...bad.attempt, outcome: null as never } }
    await expect(store.settleMessages([good, poison])).rejects.toThrow()
    expect((await scene.find(one.id)).delivery).toMatchObject({ state: 'pending', attempts: 0 })
    expect(await store.listAttempts(partnerId, one.id)).toEqual([])
  })

  test('resent while it waits for a retry, is due now with a new schedule and the same id', async ({ scene }) => {
    const { id } = await scene.resolve()
    const message = first(await scene.claimMessages())
    await scene.store.settleMessages([scene.received(message, 500)])
    expect(await scene.store.resend(scene.partnerId, id)).toBe('resent')
    const { seq, body } = message
    expect(await scene.claimMessages()).toMatchObject([{ seq, body, attempts: 1, retries: 0 }])
  })
}
