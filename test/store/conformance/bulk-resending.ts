import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { type OpenStore, openBench } from '../../support/store.ts'

type Bench = Awaited<ReturnType<typeof openBench>>

/** So many registrations whose messages were given up, a minute after another, each to a URL of its own. */
const exhaust = async (bench: Bench, count: number) => {
  const registrations = []
  for (let i = 0; i < count; i++) {
    registrations.push(await bench.resolve({ callbackUrl: `https://partner.example/${i}` }))
    await bench.deliver(410)
    await bench.advance(MINUTE)
  }
  return registrations
}
const everything = (bench: Bench, id = 'resend_1') => ({ id, since: 0, until: bench.store.now() })
const sent = async (bench: Bench) => (await bench.claimMessages()).map(message => message.registrationId)

export const describeBulkResending = (open: OpenStore): void => {
  test('makes what was given up due again, in batches, with a new schedule', async () => {
    await using bench = await openBench(open)
    const ids = (await exhaust(bench, 3)).map(({ id }) => id)
    const started = await bench.store.startResend(bench.partnerId, everything(bench))
    expect(started).toEqual({ ...everything(bench), count: 3, resent: 0, done: false })
    expect(await sent(bench)).toEqual([])
    expect(await bench.store.continueResends(2)).toBe(2)
    expect(await bench.store.findResend(bench.partnerId, 'resend_1')).toMatchObject({ resent: 2, done: false })
    expect(await bench.store.continueResends(2)).toBe(1)
    expect(await bench.store.findResend(bench.partnerId, 'resend_1')).toMatchObject({ resent: 3, done: true })
    expect(await bench.store.continueResends(2)).toBe(0)
    expect((await sent(bench)).sort()).toEqual(ids.sort())
  })

  test('takes only what was created in its time and is not cancelled, of its partner', async () => {
    await using bench = await openBench(open)
    const [, second, third, fourth] = await exhaust(bench, 4)
    if (!second || !third || !fourth) throw new Error('four were made')
    await bench.store.cancel(bench.partnerId, third.id)
    const span = { id: 'resend_1', since: second.createdAt, until: fourth.createdAt - 1 }
    expect(await bench.store.startResend(bench.partnerId, span)).toMatchObject({ count: 1 })
    await bench.store.continueResends(10)
    expect(await sent(bench)).toEqual([second.id])
    const other = await bench.addPartner()
    expect(await bench.store.startResend(other, everything(bench, 'resend_2'))).toMatchObject({ count: 0, done: true })
  })

  test('of nothing is done at once', async () => {
    await using bench = await openBench(open)
    expect(await bench.store.startResend(bench.partnerId, everything(bench))).toMatchObject({ count: 0, done: true })
    expect(await bench.store.continueResends(10)).toBe(0)
  })

  test('is known to its partner only, and has an id of its own', async () => {
    await using bench = await openBench(open)
    await exhaust(bench, 1)
    const started = await bench.store.startResend(bench.partnerId, everything(bench))
    expect(await bench.store.findResend(bench.partnerId, started.id)).toEqual(started)
    expect(await bench.store.findResend(await bench.addPartner(), started.id)).toBeNull()
    expect(await bench.store.findResend(bench.partnerId, 'resend_none')).toBeNull()
    await expect(bench.store.startResend(bench.partnerId, everything(bench))).rejects.toThrow()
    expect(await bench.store.findResend(bench.partnerId, started.id)).toEqual(started)
  })

  test('lifts the pause of the URLs that it sends to', async () => {
    await using bench = await openBench(open)
    const gone = await bench.resolve()
    const held = await bench.register()
    await bench.deliver(410)
    await bench.advance(HOUR)
    await bench.poll({ kind: 'verdict', code: 2, verdict: VERDICT })
    expect(await sent(bench)).toEqual([])
    await bench.store.startResend(bench.partnerId, everything(bench))
    await bench.store.continueResends(10)
    expect((await sent(bench)).sort()).toEqual([gone.id, held.id].sort())
  })

  test('does not wait for another partner’s: the one that has looked at the fewest goes first', async () => {
    await using bench = await openBench(open)
    const other = await bench.addPartner()
    await exhaust(bench, 6)
    const theirs = await bench.resolve({ partnerId: other })
    await bench.deliver(410)
    await bench.store.startResend(bench.partnerId, everything(bench))
    await bench.store.continueResends(2)
    await bench.store.startResend(other, everything(bench, 'resend_2'))
    await bench.store.continueResends(2)
    expect(await bench.store.findResend(other, 'resend_2')).toMatchObject({ resent: 1, done: true })
    expect(await bench.store.findResend(bench.partnerId, 'resend_1')).toMatchObject({ resent: 2, done: false })
    expect(await sent(bench)).toContain(theirs.id)
  })
}

const VERDICT = { status: 'FAIL', message: null, livingScore: null, similarity: null } as const
