import { expect, test, vi } from 'vitest'
import { AppError } from '../../../src/core/error.ts'
import { createResendLimit } from '../../../src/http/partner/resend-limit.ts'
import { both } from '../../support/words.ts'
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
  expect(refused[0]?.headers.get('retry-after')).toBe('60')
  expect(refused[0]?.json.detail).toBe('A registration may be resent 10 times a minute.')
  api.clock.now += 60_000
  expect((await resend()).status).toBe(202)
})

test('each registration has its own ten', async () => {
  await using api = await openApi()
  const ids: string[] = []
  for (const idcardid of ['a', 'b']) {
    ids.push((await api.register({ idcardid })).id)
    // The account allows one call at a time.
    api.clock.now += 1_000
    await api.succeed()
  }
  for (let n = 0; n < 10; n++) await api.call('POST', `/v1/registrations/${ids[0]}/resend`)
  expect((await api.call('POST', `/v1/registrations/${ids[1]}/resend`)).status).toBe(202)
})

test('what was not resent does not count, nor what another partner tries', async () => {
  await using api = await openApi()
  const { id } = await api.register()
  const resend = (key = api.partner.key) => api.call('POST', `/v1/registrations/${id}/resend`, { key })
  for (let n = 0; n < 20; n++) expect((await resend()).status).toBe(409)
  for (let n = 0; n < 20; n++) expect((await resend(api.other.key)).status).toBe(404)
  await api.succeed()
  expect((await resend()).status).toBe(202)
})

test('what the database refused does not count', async () => {
  await using api = await openApi()
  const { id } = await api.register()
  await api.succeed()
  const resend = async () => (await api.call('POST', `/v1/registrations/${id}/resend`)).status
  const refusing = vi
    .spyOn(api.store, 'resend')
    .mockRejectedValue(new AppError('unavailable', both('its disk is full')))
  for (let n = 0; n < 10; n++) expect(await resend()).toBe(503)
  refusing.mockRestore()
  expect(await resend()).toBe(202)
})

test('a refusal that came after a minute took back a resend that was made meanwhile', () => {
  let now = 1_000_000
  const count = createResendLimit({ now: () => now, rateShare: () => 1 })
  const takeBack = count('reg')
  now += 61_000
  for (let n = 0; n < 10; n++) count('reg')
  takeBack()
  expect(() => count('reg')).toThrow('10 times')
})

test('a clock that is set back locks nobody out', () => {
  let now = 1_000_000
  const count = createResendLimit({ now: () => now, rateShare: () => 1 })
  for (let n = 0; n < 10; n++) count('reg')
  expect(() => count('reg')).toThrow('10 times')
  now -= 500_000
  expect(() => count('reg')).not.toThrow()
})

test.each([
  [2 / 3, 6],
  [0.2, 2],
  [0.01, 1],
])('of a share of %d of it a node allows %d', (share, most) => {
  const count = createResendLimit({ now: () => 1_000_000, rateShare: () => share })
  for (let n = 0; n < most; n++) count('reg')
  expect(() => count('reg')).toThrow('10 times')
})
