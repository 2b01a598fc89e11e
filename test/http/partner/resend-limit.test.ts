import { expect, test } from 'vitest'
import { openApi } from '../support/api.ts'

test('a registration is resent at most ten times a minute, also where all come at once', async () => {
  await using api = await openApi()
  const { id } = await api.register()
  await api.succeed()
  const resend = () => api.call('POST', `/v1/registrations/${id}/resend`)
  const answers = await Promise.all(Array.from({ length: 50 }, resend))
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(10)
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused).toHaveLength(40)
  expect(refused[0]?.headers.get('retry-after')).toBe('6')
  expect(refused[0]?.json.detail).toBe('A registration may be resent 10 times a minute.')
  api.clock.now += 60_000
  expect((await resend()).status).toBe(202)
})
