import { expect, test } from 'vitest'
import { HOOK, openApi } from '../support/api.ts'

test('the code behind a failure is told to operators, and to partners nowhere', async () => {
  const attempt = {
    at: 0,
    outcome: 'failed',
    httpStatus: null,
    durationMs: 7,
    responseExcerpt: null,
    origin: null,
  } as const
  await using api = await openApi({ testCallback: async () => ({ ...attempt, error: 'no_response ECONNREFUSED' }) })
  const { id } = await api.registerAndSend(null)
  const ofPartner = await Promise.all([
    api.call('GET', `/v1/registrations/${id}/attempts`),
    api.call('GET', `/v1/registrations/${id}/explain`),
    api.call('GET', '/v1/status'),
    api.call('POST', '/v1/callbacks/test', { body: { callbackUrl: HOOK } }),
  ])
  for (const { status, json } of ofPartner) {
    expect(status).toBe(200)
    expect(JSON.stringify(json)).toContain('no_response')
    expect(JSON.stringify(json)).not.toContain('ECONNREFUSED')
  }
  const paths = [`registrations/${id}/attempts`, `registrations/${id}/explain`, 'messages/groups']
  for (const path of [...paths, `callbacks?partnerId=${api.partner.id}`]) {
    const { json } = await api.admin('GET', `/${path}`)
    expect([path, JSON.stringify(json)]).toEqual([path, expect.stringContaining('no_response ECONNREFUSED')])
  }
})
