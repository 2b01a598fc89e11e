import { afterAll, beforeAll, expect, test } from 'vitest'
import { type WebhookEvent, type WebhookHandlerOptions, webhookHandler } from '../../src/webhook/index.ts'
import { openStage } from '../e2e/stage.ts'
import { openServer } from './mounts.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage({ SANDBOX: 'true' })
})
afterAll(() => stage[Symbol.asyncDispose]())

const receive = (options: Omit<WebhookHandlerOptions, 'onError'>) =>
  openServer(webhookHandler({ ...options, onError: () => {} }))

test('the service sends again what onEvent has failed at, and then no more', async () => {
  const events: WebhookEvent[] = []
  const onEvent = (event: WebhookEvent) => {
    if (events.push(event) < 3) throw new Error('the database is down')
  }
  await using server = await receive({ secret: stage.partner.signingSecret, onEvent, seen: new Set() })
  const { api } = stage
  const { id } = await api.register({ idcardid: 'test_success_0s_again', callbackUrl: server.url })
  await api.until(id, one => one.delivery.state === 'delivered')
  const attempts = await api.attempts(id)
  expect(attempts.map(({ httpStatus }) => httpStatus)).toEqual([500, 500, 204])
  expect(events).toHaveLength(3)

  await api.resend(id)
  await api.until(id, one => one.delivery.attempts === 4 && one.delivery.state === 'delivered')
  expect(events).toHaveLength(3)
})

test('the service shows why a receiver with the secret of somebody else has refused', async () => {
  const other = await stage.addPartner('other')
  await using server = await receive({ secret: other.signingSecret, onEvent: () => {} })
  const { api } = stage
  const { id } = await api.register({ idcardid: 'test_success_0s_refused', callbackUrl: server.url })
  await api.until(id, one => one.delivery.attempts > 0)
  expect((await api.attempts(id))[0]).toMatchObject({
    httpStatus: 401,
    responseExcerpt: expect.stringMatching(/^no_matching_signature: /),
  })
})
