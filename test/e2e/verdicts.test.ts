import { describe, expect, test } from 'vitest'
import { ACCOUNT } from '../support/service.ts'
import { bodyOf, openStage } from './stage.ts'

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const WAYS = [
  { format: 'json', mode: 'dynamic', method: 'POST' },
  { format: 'json', mode: 'static', method: 'GET' },
  { format: 'xml', mode: 'dynamic', method: 'GET' },
  { format: 'xml', mode: 'static', method: 'POST' },
] as const

describe.concurrent('a verdict', () => {
  test.each(WAYS)('arrives in $format with a $mode password by $method', async ({ format, mode, method }) => {
    await using stage = await openStage({ IHUYI_PASSWORD_MODE: mode, IHUYI_METHOD: method })
    const { upstream, admin, api } = stage
    const score = { similarity: '95.25', message: '认证成功 <&>' }
    const registered = await stage.register({ format, status: 'SUCCESS', ...score }, { metadata: { order: '42' } })
    expect(registered).toMatchObject({ status: 'pending', result: null, polls: 0, delivery: { state: 'pending' } })

    const delivery = await stage.delivery(registered.id)
    const { type, timestamp, data } = bodyOf(delivery)
    expect(timestamp).toMatch(ISO)
    expect(type).toBe('idface.succeeded')
    expect(data).toEqual({
      registrationId: registered.id,
      idcardid: registered.idcardid,
      status: 'SUCCESS',
      reason: null,
      message: '认证成功 <&>',
      livingScore: null,
      similarity: '95.25',
      metadata: { order: '42' },
      observedAt: expect.stringMatching(ISO),
      previousPollAt: null,
    })
    expect(delivery).toMatchObject({ id: registered.id.replace('reg_', 'msg_'), attempt: 1, verified: true })
    expect(upstream.calls).toMatchObject([{ method, passwordMode: mode, code: 2 }])

    const ended = await api.until(registered.id, one => one.delivery.state === 'delivered')
    expect(ended).toMatchObject({
      status: 'succeeded',
      reason: null,
      result: { status: 'SUCCESS', message: '认证成功 <&>', livingScore: null, similarity: '95.25' },
      polls: 1,
      nextPollAt: null,
      delivery: { messageId: delivery.id, attempts: 1, nextAttemptAt: null },
    })
    expect((await api.explain(registered.id)).polling).toMatchObject({ lastAnswer: 'verdict', code: 2 })
    expect(await admin.account(ACCOUNT.apiId)).toMatchObject({ mode, paused: false, reason: null, since: null })
  })
})
