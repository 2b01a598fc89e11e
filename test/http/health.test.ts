import { expect, test } from 'vitest'
import { openApi } from './support/api.ts'

test('healthz needs no key', async () => {
  await using api = await openApi()
  const { status, json } = await api.call('GET', '/healthz', { key: null })
  expect([status, json]).toEqual([200, { status: 'ok' }])
})

test('readyz is 200 while every check passes', async () => {
  await using api = await openApi()
  const { status, json } = await api.call('GET', '/readyz', { key: null })
  expect(status).toBe(200)
  expect(json).toEqual({ status: 'ok', version: '0.0.0', checks: [{ name: 'database', ok: true, reason: null }] })
})

test('readyz is 503 with the reason of each failed check', async () => {
  const checks = [
    { name: 'database', ok: true, reason: null },
    { name: 'upstream', ok: false, reason: 'the account is paused' },
  ]
  await using api = await openApi({ ready: async () => checks })
  const { status, json } = await api.call('GET', '/readyz', { key: null })
  expect(status).toBe(503)
  expect(json).toMatchObject({ status: 'unavailable', checks })
})
