import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../src/core/answer.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { first, LEASE_MS, type OpenStore, openBench, SUCCESS, WAITING } from '../../support/store.ts'

type Bench = Awaited<ReturnType<typeof openBench>>

export const describePolling = (open: OpenStore): void => {
  test('hands out what is due with all that a call and its judgement need', async () => {
    await using bench = await openBench(open)
    const { id, createdAt, expiresAt } = await bench.register({ idcardid: '42' })
    const { account, verification } = first(await bench.claim())
    expect(verification).toMatchObject({
      partnerId: bench.partnerId,
      idcardid: '42',
      polls: 0,
      failures: 0,
      failingSince: null,
      invalidIds: 0,
      goneChecks: 0,
      seen: false,
      nudgedAt: createdAt,
      lastPolledAt: null,
      rawStatus: null,
      waiting: [{ id, createdAt, expiresAt }],
    })
    expect(account).toMatchObject({ id: bench.account.id, apiId: 'C12345678', passwordMode: 'dynamic', pausedAt: null })
    expect(account.apiKey.reveal()).toBe('upstream-key')
  })

  test('hands a row to one caller only until its lease has run out', async () => {
    await using bench = await openBench(open)
    await bench.register()
    const claims = await Promise.all([bench.claim(), bench.claim(), bench.claim()])
    expect(claims.flat()).toHaveLength(1)
    await bench.advance(LEASE_MS - SECOND)
    expect(await bench.claim()).toEqual([])
    await bench.advance(SECOND)
    expect(await bench.claim()).toHaveLength(1)
  })

  test('hands out the longest due of a batch first, within the free slots', async () => {
    await using bench = await openBench(open)
    for (const idcardid of ['1', '2', '3', '4', '5']) {
      await bench.register({ idcardid, isBatch: true })
      await bench.advance(10)
    }
    const busy = new Map([[bench.account.id, 2]])
    const taken = await bench.claim({ concurrency: 4, busy })
    expect(taken.map(({ verification }) => verification.idcardid)).toEqual(['1', '2'])
    expect(await bench.claim({ concurrency: 4, busy: new Map([[bench.account.id, 4]]) })).toEqual([])
    expect(await bench.claim({ concurrency: 4, busy: new Map([[bench.account.id, 9]]) })).toEqual([])
  })

  test('keeps within the rate of the account, over all that claim', async () => {
    await using bench = await openBench(open, { rate: 5 })
    for (let i = 0; i < 30; i++) await bench.register()
    const perSecond: number[] = []
    for (let second = 0; second < 3; second++) {
      let taken = 0
      for (let tick = 0; tick < 20; tick++) {
        const claims = await Promise.all([bench.claim(), bench.claim()])
        taken += claims.flat().length
        await bench.advance(50)
      }
      perSecond.push(taken)
    }
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(6)
    expect(perSecond.reduce((sum, count) => sum + count)).toBe(16)
  })

  test('says when there may be more to claim', async () => {
    await using bench = await openBench(open, { rate: 5 })
    expect((await bench.claimWith()).nextAt).toBeNull()
    await bench.register()
    await bench.register()
    const claimed = await bench.claimWith()
    expect(claimed.nextAt).toBeGreaterThan(bench.store.now())
    expect(claimed.nextAt).toBeLessThanOrEqual(bench.store.now() + 200)
    await bench.advance(200)
    const last = await bench.claimWith()
    expect(last.claims).toHaveLength(1)
    expect(last.nextAt).toBeGreaterThan(bench.store.now())
  })

  test('shares the slots over the partners in turn', async () => {
    await using bench = await openBench(open)
    for (let i = 0; i < 50; i++) await bench.register({ idcardid: `1${i}` })
    await bench.advance(SECOND)
    const [two, three] = [await bench.addPartner(), await bench.addPartner()]
    for (let i = 0; i < 5; i++) {
      await bench.register({ partnerId: two, idcardid: `2${i}` })
      await bench.register({ partnerId: three, idcardid: `3${i}` })
    }
    const taken: string[] = []
    for (let i = 0; i < 5; i++)
      taken.push(...(await bench.claim({ concurrency: 3 })).map(({ verification }) => verification.partnerId))
    const countOf = (partnerId: string) => taken.filter(id => id === partnerId).length
    expect([bench.partnerId, two, three].map(countOf)).toEqual([5, 5, 5])
  })

  test('with one slot, serves each partner before one twice', async () => {
    await using bench = await openBench(open)
    const partners = [bench.partnerId, await bench.addPartner(), await bench.addPartner()]
    for (const partnerId of partners) for (let i = 0; i < 3; i++) await bench.register({ partnerId })
    const taken: string[] = []
    for (let i = 0; i < 6; i++) taken.push(first(await bench.claim({ concurrency: 1 })).verification.partnerId)
    expect(new Set(taken.slice(0, 3)).size).toBe(3)
    expect(taken.slice(3)).toEqual(taken.slice(0, 3))
  })

  test('records what was answered, and asks again when the step says so', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.register()
    await bench.advance(SECOND)
    const claimed = first(await bench.claim())
    await bench.advance(SECOND)
    const settlement = bench.answered(claimed, WAITING)
    await bench.store.settleVerifications([settlement])
    expect(await bench.find(id)).toMatchObject({
      status: 'pending',
      polls: 1,
      lastPolledAt: settlement.askedAt,
      nextPollAt: settlement.step.dueAt,
    })
    await bench.advance(5 * SECOND)
    expect(first(await bench.claim()).verification).toMatchObject({ polls: 1, seen: true })
  })

  test('keeps the counts that a step depends on', async () => {
    await using bench = await openBench(open)
    await bench.register()
    const claimed = first(await bench.claim())
    const settlement = bench.answered(claimed, WAITING)
    const counts = { failures: 3, failingSince: 42, invalidIds: 1, goneChecks: 2, seen: true }
    await bench.store.settleVerifications([{ ...settlement, step: { ...settlement.step, ...counts } }])
    await bench.advance(HOUR)
    expect(first(await bench.claim()).verification).toMatchObject(counts)
  })

  test('resolves every waiting registration with a verdict, and makes each message due at once', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.register({ metadata: { order: '42' } })
    await bench.poll(WAITING)
    const previousPollAt = (await bench.find(id)).lastPolledAt
    await bench.advance(MINUTE)
    await bench.poll(SUCCESS)
    const resolved = await bench.find(id)
    expect(resolved).toMatchObject({
      status: 'succeeded',
      reason: null,
      verdict: SUCCESS.kind === 'verdict' && SUCCESS.verdict,
      polls: 2,
      nextPollAt: null,
      delivery: { messageId: `msg_${id.slice(4)}`, state: 'pending', attempts: 0 },
    })
    const body = JSON.parse(first(await bench.claimMessages()).body.toString())
    expect(body).toMatchObject({
      type: 'idface.succeeded',
      data: {
        registrationId: id,
        idcardid: resolved.idcardid,
        status: 'SUCCESS',
        reason: null,
        message: '认证成功',
        livingScore: null,
        similarity: '95.25',
        metadata: { order: '42' },
        previousPollAt: new Date(previousPollAt ?? 0).toISOString(),
      },
    })
  })

  test('says whom an answer has ended, and once', async () => {
    await using bench = await openBench(open)
    const one = await bench.register({ idcardid: '1' })
    await bench.advance(SECOND)
    const two = await bench.register({ idcardid: '1', callbackUrl: 'https://partner.example/other' })
    const waiting = bench.answered(first(await bench.claim()), WAITING)
    expect(await bench.store.settleVerifications([waiting])).toEqual([null])
    await bench.advance(MINUTE)
    const verdict = bench.answered(first(await bench.claim()), SUCCESS)
    const ended = [one, two].map(({ id, partnerId, createdAt }) => ({
      registrationId: id,
      partnerId,
      createdAt,
      reason: null,
    }))
    expect(await bench.store.settleVerifications([verdict])).toEqual([
      { verdict: { previousPollAt: waiting.askedAt }, ended },
    ])
    expect(await bench.store.settleVerifications([verdict])).toEqual([null])
  })

  test('says for which reason an answer without a verdict has ended a registration', async () => {
    await using bench = await openBench(open)
    const { id, partnerId, createdAt } = await bench.register({ ttlMs: 0 })
    await bench.register({ callbackUrl: 'https://partner.example/other' })
    await bench.advance(HOUR)
    const settlements = (await bench.claim()).map(one => bench.answered(one, WAITING))
    expect(await bench.store.settleVerifications(settlements)).toEqual([
      { verdict: null, ended: [{ registrationId: id, partnerId, createdAt, reason: 'expired' }] },
      null,
    ])
  })

  test('tells no earlier call where the first brought the verdict', async () => {
    await using bench = await openBench(open)
    await bench.resolve()
    expect(JSON.parse(first(await bench.claimMessages()).body.toString()).data.previousPollAt).toBeNull()
  })

  test('tells the last call before an outage that showed the check still open', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.register()
    await bench.poll(WAITING)
    const { lastPolledAt } = await bench.find(id)
    await bench.advance(MINUTE)
    await bench.poll({ kind: 'transient', code: null, cause: 'unreachable' })
    await bench.advance(MINUTE)
    await bench.poll(SUCCESS)
    const { previousPollAt } = JSON.parse(first(await bench.claimMessages()).body.toString()).data
    expect(previousPollAt).toBe(new Date(lastPolledAt ?? 0).toISOString())
  })

  test('ends each registration at its own deadline, tells the raw status, and goes on for the others', async () => {
    await using bench = await openBench(open)
    const soon = await bench.register({ idcardid: '1', ttlMs: MINUTE })
    const late = await bench.register({ idcardid: '1', callbackUrl: 'https://late.example/', ttlMs: HOUR })
    await bench.poll(WAITING)
    await bench.advance(11 * MINUTE)
    await bench.poll({ kind: 'unknown_status', code: 2, status: 'DONE' })
    expect(await bench.find(soon.id)).toMatchObject({ status: 'unresolved', reason: 'unknown_status', verdict: null })
    expect(await bench.find(late.id)).toMatchObject({ status: 'pending' })
    const { body, registrationId } = first(await bench.claimMessages())
    expect(registrationId).toBe(soon.id)
    expect(JSON.parse(body.toString())).toMatchObject({
      type: 'idface.unresolved',
      data: { status: 'DONE', reason: 'unknown_status', message: null },
    })
    await bench.advance(HOUR)
    await bench.poll(SUCCESS)
    expect(await bench.find(late.id)).toMatchObject({ status: 'succeeded' })
    expect(await bench.find(soon.id)).toMatchObject({ status: 'unresolved' })
  })

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

  test('asks at once when told that the user is back', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.register()
    await bench.poll(WAITING)
    await bench.advance(1)
    expect(await bench.claim()).toEqual([])
    expect(await bench.store.nudge(bench.partnerId, id)).toMatchObject({ id, nextPollAt: bench.store.now() })
    const { verification } = first(await bench.claim())
    expect(verification.nudgedAt).toBe(bench.store.now())
  })

  test('told so during a call, lets the lease stand and asks once more right after it', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.register()
    const claimed = first(await bench.claim())
    await bench.advance(1)
    await bench.store.nudge(bench.partnerId, id)
    expect(await bench.claim()).toEqual([])
    await bench.store.settleVerifications([bench.answered(claimed, WAITING)])
    expect(await bench.claim()).toHaveLength(1)
  })

  test('does not ask about a registration that has ended, whatever it is told', async () => {
    await using bench = await openBench(open)
    const resolved = await bench.resolve()
    expect(await bench.store.nudge(bench.partnerId, resolved.id)).toEqual(resolved)
    expect(await bench.claim()).toEqual([])
  })

  test('tells who left pending, and that messages are due', async () => {
    await using bench = await openBench(open)
    const told: unknown[] = []
    bench.store.hints.on('resolved', ids => told.push(ids))
    const one = await bench.register({ idcardid: '1' })
    const two = await bench.register({ idcardid: '1', callbackUrl: 'https://two.example/' })
    bench.store.hints.on('messagesDue', () => told.push('messagesDue'))
    await bench.poll(WAITING)
    expect(told).toEqual([])
    await bench.advance(MINUTE)
    await bench.poll(SUCCESS)
    expect(told).toHaveLength(2)
    expect(told).toContain('messagesDue')
    expect(told).toContainEqual([one.id, two.id])
  })

  test('leaves nothing of a batch in which one item fails', async () => {
    await using bench = await openBench(open)
    const [one] = [await bench.register(), await bench.register()]
    const [good, bad] = (await bench.claim()).map(claimed => bench.answered(claimed, SUCCESS))
    if (!good || !bad) throw new Error('both were due')
    const poison = { ...bad, step: { ...bad.step, failures: null as never } }
    await expect(bench.store.settleVerifications([good, poison])).rejects.toThrow()
    expect(await bench.find(one.id)).toMatchObject({ status: 'pending', polls: 0 })
    expect(await bench.claimMessages()).toEqual([])
    await bench.store.settleVerifications([good])
    expect(await bench.find(one.id)).toMatchObject({ status: 'succeeded' })
  })

  test.each<Answer>([
    { kind: 'not_found', code: 4061 },
    { kind: 'transient', code: null, cause: 'timeout' },
    { kind: 'transient', code: 4999, cause: 'unknown_code' },
    { kind: 'invalid_id', code: 4060 },
  ])('keeps the last answer for explain ($kind $code)', async answer => {
    await using bench = await openBench(open)
    const { id } = await bench.register()
    await bench.poll(answer)
    const explanation = await bench.store.explain(bench.partnerId, id)
    expect(explanation).toMatchObject({ lastAnswer: answer.kind, lastCode: answer.code, rawStatus: null })
  })
}
