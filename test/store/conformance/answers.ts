import { expect } from 'vitest'
import type { Answer } from '../../../src/core/answer.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { first, SUCCESS, UNREACHABLE, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describeAnswers = (test: StoreTest): void => {
  test('records the answer, and polls again when the step says so', async ({ scene, store }) => {
    const { id } = await scene.register()
    await scene.advance(SECOND)
    const claimed = first(await scene.claim())
    await scene.advance(SECOND)
    const settlement = scene.answered(claimed, WAITING)
    await store.settleVerifications([settlement])
    expect(await scene.find(id)).toMatchObject({
      status: 'pending',
      polls: 1,
      lastPolledAt: settlement.askedAt,
      nextPollAt: settlement.step.dueAt,
    })
    await scene.advance(5 * SECOND)
    expect(first(await scene.claim()).verification).toMatchObject({ polls: 1, seen: true })
  })

  test('resolves every waiting registration with a verdict, and makes each message due at once', async ({ scene }) => {
    const { id } = await scene.register({ metadata: { order: '42' } })
    await scene.poll(WAITING)
    const previousPollAt = (await scene.find(id)).lastPolledAt
    await scene.advance(MINUTE)
    await scene.poll(SUCCESS)
    const resolved = await scene.find(id)
    expect(resolved).toMatchObject({
      status: 'succeeded',
      reason: null,
      verdict: SUCCESS.verdict,
      polls: 2,
      nextPollAt: null,
      delivery: { messageId: `msg_${id.slice(4)}`, state: 'pending', attempts: 0 },
    })
    const body = JSON.parse(first(await scene.claimMessages()).body.toString())
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

  test('says whom an answer has ended, and once', async ({ scene, store }) => {
    const one = await scene.register({ idcardid: '1' })
    await scene.advance(SECOND)
    const two = await scene.register({ idcardid: '1', callbackUrl: 'https://partner.example/other' })
    const waiting = scene.answered(first(await scene.claim()), WAITING)
    expect(await store.settleVerifications([waiting])).toEqual([null])
    await scene.advance(MINUTE)
    const verdict = scene.answered(first(await scene.claim()), SUCCESS)
    const ended = [one, two].map(({ id, partnerId, createdAt }) => ({
      registrationId: id,
      partnerId,
      createdAt,
      reason: null,
    }))
    expect(await store.settleVerifications([verdict])).toEqual([
      { verdict: { previousPollAt: waiting.askedAt }, ended },
    ])
    expect(await store.settleVerifications([verdict])).toEqual([null])
  })

  test('says for which reason an answer without a verdict has ended a registration', async ({ scene, store }) => {
    const { id, partnerId, createdAt } = await scene.register({ ttlMs: 0 })
    await scene.register({ callbackUrl: 'https://partner.example/other' })
    await scene.advance(HOUR)
    const settlements = (await scene.claim()).map(one => scene.answered(one, WAITING))
    expect(await store.settleVerifications(settlements)).toEqual([
      { verdict: null, ended: [{ registrationId: id, partnerId, createdAt, reason: 'expired' }] },
      null,
    ])
  })

  test('tells the last call before an outage that showed the check still open', async ({ scene }) => {
    const { id } = await scene.register()
    await scene.poll(WAITING)
    const { lastPolledAt } = await scene.find(id)
    await scene.advance(MINUTE)
    await scene.poll(UNREACHABLE)
    await scene.advance(MINUTE)
    await scene.poll(SUCCESS)
    const { previousPollAt } = JSON.parse(first(await scene.claimMessages()).body.toString()).data
    expect(previousPollAt).toBe(new Date(lastPolledAt ?? 0).toISOString())
  })

  test('ends each registration at its own deadline, tells the raw status, and goes on for the others', async ({
    scene,
  }) => {
    const soon = await scene.register({ idcardid: '1', ttlMs: MINUTE })
    const late = await scene.register({ idcardid: '1', callbackUrl: 'https://late.example/', ttlMs: HOUR })
    await scene.poll(WAITING)
    await scene.advance(11 * MINUTE)
    await scene.poll({ kind: 'unknown_status', code: 2, status: 'DONE' })
    expect(await scene.find(soon.id)).toMatchObject({ status: 'unresolved', reason: 'unknown_status', verdict: null })
    expect(await scene.find(late.id)).toMatchObject({ status: 'pending' })
    const { body, registrationId } = first(await scene.claimMessages())
    expect(registrationId).toBe(soon.id)
    expect(JSON.parse(body.toString())).toMatchObject({
      type: 'idface.unresolved',
      data: { status: 'DONE', reason: 'unknown_status', message: null },
    })
    await scene.advance(HOUR)
    await scene.poll(SUCCESS)
    expect(await scene.find(late.id)).toMatchObject({ status: 'succeeded' })
    expect(await scene.find(soon.id)).toMatchObject({ status: 'unresolved' })
  })

  test('leaves nothing of a batch in which one item fails', async ({ scene, store }) => {
    const [one] = [await scene.register(), await scene.register()]
    const [good, bad] = (await scene.claim()).map(claimed => scene.answered(claimed, SUCCESS))
    if (!good || !bad) throw new Error('both were due')
    const poison = { ...bad, step: { ...bad.step, failures: null as never } }
    await expect(store.settleVerifications([good, poison])).rejects.toThrow()
    expect(await scene.find(one.id)).toMatchObject({ status: 'pending', polls: 0 })
    expect(await scene.claimMessages()).toEqual([])
    await store.settleVerifications([good])
    expect(await scene.find(one.id)).toMatchObject({ status: 'succeeded' })
  })

  test.for<Answer>([
    { kind: 'not_found', code: 4061 },
    { kind: 'transient', code: null, cause: 'timeout' },
    { kind: 'transient', code: 4999, cause: 'unknown_code' },
    { kind: 'invalid_id', code: 4060 },
  ])('keeps the last answer for explain ($kind $code)', async (answer, { scene, store, partnerId }) => {
    const { id } = await scene.register()
    await scene.poll(answer)
    const explanation = await store.explain(partnerId, id)
    expect(explanation).toMatchObject({ lastAnswer: answer.kind, lastCode: answer.code, rawStatus: null })
  })
}
