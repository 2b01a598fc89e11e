import { expect, test } from 'vitest'
import type { Answer } from '../../../src/core/answer.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { first, type OpenStore, openStoreFixture, SUCCESS, WAITING } from '../../support/store.ts'

export const describeAnswers = (open: OpenStore): void => {
  test('records what was answered, and asks again when the step says so', async () => {
    await using bench = await openStoreFixture(open)
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

  test('resolves every waiting registration with a verdict, and makes each message due at once', async () => {
    await using bench = await openStoreFixture(open)
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
    await using bench = await openStoreFixture(open)
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
    await using bench = await openStoreFixture(open)
    const { id, partnerId, createdAt } = await bench.register({ ttlMs: 0 })
    await bench.register({ callbackUrl: 'https://partner.example/other' })
    await bench.advance(HOUR)
    const settlements = (await bench.claim()).map(one => bench.answered(one, WAITING))
    expect(await bench.store.settleVerifications(settlements)).toEqual([
      { verdict: null, ended: [{ registrationId: id, partnerId, createdAt, reason: 'expired' }] },
      null,
    ])
  })

  test('tells the last call before an outage that showed the check still open', async () => {
    await using bench = await openStoreFixture(open)
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
    await using bench = await openStoreFixture(open)
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

  test('leaves nothing of a batch in which one item fails', async () => {
    await using bench = await openStoreFixture(open)
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
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    await bench.poll(answer)
    const explanation = await bench.store.explain(bench.partnerId, id)
    expect(explanation).toMatchObject({ lastAnswer: answer.kind, lastCode: answer.code, rawStatus: null })
  })
}
