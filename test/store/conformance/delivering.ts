import { expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { first, HOOK, LEASE_MS, type OpenStore, openStoreFixture, SUCCESS } from '../../support/store.ts'

export const describeDelivering = (open: OpenStore): void => {
  test('hands out a message that is due with all that an attempt needs', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const createdAt = bench.store.now()
    await bench.advance(SECOND)
    const { messages, secrets } = await bench.claimMessagesWith()
    expect(first(messages)).toMatchObject({
      partnerId: bench.partnerId,
      registrationId: id,
      callbackUrl: HOOK,
      host: 'partner.example',
      attempts: 0,
      retries: 0,
      slow: false,
      createdAt,
      dueAt: createdAt,
    })
    expect([...secrets.keys()]).toEqual([bench.partnerId])
    expect(secrets.get(bench.partnerId)?.map(secret => secret.reveal())).toEqual([expect.stringMatching(/^whsec_/)])
  })

  test('hands out with a serial, and with each message, the traceparent that a registration came with', async () => {
    await using bench = await openStoreFixture(open)
    const [one, other] = ['a', 'b'].map(digit => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`) as [string, string]
    const register = (path: string, traceparent: string | null) =>
      bench.register({ idcardid: '42', callbackUrl: `https://partner.example/${path}`, traceparent })
    await register('one', one)
    await register('none', null)
    await register('other', other)
    const claimed = first(await bench.claim())
    expect(claimed.verification.traceparents).toEqual([one, other])
    await bench.store.settleVerifications([bench.answered(claimed, SUCCESS)])
    await register('late', other)
    const messages = await bench.claimMessages()
    expect(messages.map(({ callbackUrl, traceparent }) => [new URL(callbackUrl).pathname, traceparent])).toEqual([
      ['/one', one],
      ['/none', null],
      ['/other', other],
      ['/late', other],
    ])
  })

  test('hands a message to one caller only until its lease has run out, and then the same bytes', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    const claims = await Promise.all([bench.claimMessages(), bench.claimMessages(), bench.claimMessages()])
    const [message] = claims.flat()
    expect(claims.flat()).toHaveLength(1)
    await bench.advance(LEASE_MS - SECOND)
    expect(await bench.claimMessages()).toEqual([])
    await bench.advance(SECOND)
    const [again] = await bench.claimMessages()
    expect(again).toMatchObject({ seq: message?.seq, body: message?.body })
    expect(again?.claim).toBeGreaterThan(message?.claim ?? Number.NaN)
  })

  test('tries again when the step says so, counts on, and gives up at the end of the schedule', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    await bench.deliver(500)
    const { nextAttemptAt } = (await bench.find(id)).delivery
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 1 })
    expect(nextAttemptAt).toBe(bench.store.now() + MINUTE)
    await bench.advance(MINUTE - 1)
    expect(await bench.claimMessages()).toEqual([])
    await bench.advance(1)
    expect(await bench.deliver(500)).toBe(1)
    await bench.advance(HOUR)
    expect(await bench.deliver(500)).toBe(1)
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'exhausted', attempts: 3, nextAttemptAt: null })
    await bench.advance(24 * HOUR)
    expect(await bench.claimMessages()).toEqual([])
  })

  test('says which attempt has ended its message, and once', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.register(
      [HOOK, `${HOOK}/2`, `${HOOK}/3`].map(callbackUrl => bench.newRegistration({ callbackUrl })),
    )
    await bench.poll(SUCCESS)
    const [one, two, three] = await bench.claimMessages()
    if (!one || !two || !three) throw new Error('there are less than three')
    const settlements = [bench.received(one, 500), bench.received(two, 200), bench.received(three, 410)]
    expect(await bench.store.settleMessages(settlements)).toEqual([null, 'delivered', 'gone'])
    expect(await bench.store.settleMessages(settlements)).toEqual([null, null, null])
    await bench.advance(MINUTE)
    expect(await bench.deliver(500)).toBe(1)
    await bench.advance(HOUR)
    const last = first(await bench.claimMessages())
    expect(await bench.store.settleMessages([bench.received(last, 500)])).toEqual(['exhausted'])
  })

  test('records every attempt, the oldest first', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    expect(await bench.store.listAttempts(bench.partnerId, id)).toEqual([])
    await bench.deliver(500)
    await bench.advance(MINUTE)
    await bench.deliver(null)
    await bench.advance(HOUR)
    await bench.deliver(204)
    const attempts = await bench.store.listAttempts(bench.partnerId, id)
    expect(attempts).toMatchObject([
      { outcome: 'rejected', httpStatus: 500, error: null, durationMs: 12, responseExcerpt: 'hello' },
      { outcome: 'failed', httpStatus: null, error: 'no_response', responseExcerpt: null },
      { outcome: 'delivered', httpStatus: 204 },
    ])
    expect(attempts?.[1]?.at).toBe((attempts?.[0]?.at ?? 0) + MINUTE)
  })

  test('says what each attempt was made for', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const originsOf = async (one: string) =>
      (await bench.store.listAttempts(bench.partnerId, one))?.map(({ origin }) => origin)
    await bench.deliver(500)
    await bench.advance(MINUTE)
    await bench.deliver(500)
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(500)
    await bench.advance(MINUTE)
    const held = await bench.register()
    await bench.deliver(410)
    expect(await originsOf(id)).toEqual(['first', 'retry', 'resend', 'retry'])

    await bench.poll(SUCCESS)
    expect(await bench.deliver(200)).toBe(0)
    await bench.advance(1)
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(200)
    await bench.deliver(200)
    expect((await originsOf(id))?.at(-1)).toBe('resend')
    expect(await originsOf(held.id)).toEqual(['first'])
  })

  test('says the same of an attempt that is made again, because its worker died', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const died = first(await bench.claimMessages())
    await bench.advance(LEASE_MS)
    await bench.deliver(500)
    await bench.store.resend(bench.partnerId, id)
    await bench.deliver(500)
    await bench.store.settleMessages([bench.received(died, 500)])
    const attempts = await bench.store.listAttempts(bench.partnerId, id)
    expect(attempts?.map(({ origin }) => origin)).toEqual(['first', 'first', 'resend'])
  })

  test('keeps the newest 50 attempts of a message, and counts all', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    for (let n = 0; n < 60; n++) {
      await bench.store.resend(bench.partnerId, id)
      await bench.advance(1)
      expect(await bench.deliver(500)).toBe(1)
    }
    const attempts = (await bench.store.listAttempts(bench.partnerId, id)) ?? []
    expect(attempts).toHaveLength(50)
    expect(attempts.at(-1)?.at).toBe(bench.store.now())
    expect(attempts[0]?.at).toBe(bench.store.now() - 49)
    expect((await bench.store.findRegistration(bench.partnerId, id))?.delivery?.attempts).toBe(60)
  })

  test.each([
    { state: 'delivered', statuses: [200] },
    { state: 'exhausted', statuses: [500, 500, 500] },
  ])('resent when it is $state, goes out once more', async ({ state, statuses }) => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    for (const status of statuses) {
      await bench.deliver(status)
      await bench.advance(HOUR)
    }
    const before = (await bench.find(id)).delivery
    expect(before.state).toBe(state)
    expect(await bench.store.resend(bench.partnerId, id)).toBe('resent')
    expect((await bench.find(id)).delivery).toMatchObject({ messageId: before.messageId, state: 'pending' })
    expect(await bench.deliver(200)).toBe(1)
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: statuses.length + 1 })
    await bench.advance(24 * HOUR)
    expect(await bench.claimMessages()).toEqual([])
  })

  test.each([500, 200])('resent during an attempt, goes out once more whatever comes of it (%i)', async httpStatus => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const message = first(await bench.claimMessages())
    await bench.store.resend(bench.partnerId, id)
    await bench.store.settleMessages([bench.received(message, httpStatus)])
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 1 })
    expect(await bench.deliver(200)).toBe(1)
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 2 })
  })

  test('cannot be resent before there is a verdict, nor once it is cancelled', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    expect(await bench.store.resend(bench.partnerId, id)).toBe('no_message')
    await bench.store.cancel(bench.partnerId, id)
    expect(await bench.store.resend(bench.partnerId, id)).toBe('cancelled')
    expect(await bench.store.resend(bench.partnerId, 'reg_nobody')).toBeNull()
  })

  test('leaves nothing of a batch in which one item fails', async () => {
    await using bench = await openStoreFixture(open)
    const one = await bench.resolve()
    await bench.resolve()
    const [good, bad] = (await bench.claimMessages()).map(message => bench.received(message, 200))
    if (!good || !bad) throw new Error('both were due')
    const poison = { ...bad, attempt: bad.attempt && { ...bad.attempt, outcome: null as never } }
    await expect(bench.store.settleMessages([good, poison])).rejects.toThrow()
    expect((await bench.find(one.id)).delivery).toMatchObject({ state: 'pending', attempts: 0 })
    expect(await bench.store.listAttempts(bench.partnerId, one.id)).toEqual([])
  })

  test('resent while it waits for a retry, is due now with a new schedule and the same id', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const message = first(await bench.claimMessages())
    await bench.store.settleMessages([bench.received(message, 500)])
    expect(await bench.store.resend(bench.partnerId, id)).toBe('resent')
    const { seq, body } = message
    expect(await bench.claimMessages()).toMatchObject([{ seq, body, attempts: 1, retries: 0 }])
  })
}
