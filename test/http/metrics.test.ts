import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { openApi } from './support/api.ts'

const TOKEN = 'the-token-of-prometheus'
const PAGE = '# HELP idface_up Up.\n# TYPE idface_up gauge\nidface_up 1\n'
const metrics = { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => PAGE }

describe('GET /metrics', () => {
  test('needs the token where one is set, and neither a partner’s key nor the admin token does', async () => {
    await using api = await openApi({ metrics, server: { metricsToken: new Secret(TOKEN) } })
    for (const key of [null, api.partner.key, 'the-operator-of-all-of-these-tests', `${TOKEN}x`, TOKEN.slice(1)]) {
      const { status, headers, text } = await api.call('GET', '/metrics', { key })
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe('Bearer')
      expect(text).not.toContain('idface_up')
    }
    expect((await api.call('GET', '/metrics', { key: TOKEN })).text).toBe(PAGE)
  })

  test('throttles guesses of the token by network, and never the right one', async () => {
    await using api = await openApi({ metrics, server: { metricsToken: new Secret(TOKEN) } })
    const from = '203.0.113.9'
    for (let n = 0; n < 50; n++) expect((await api.call('GET', '/metrics', { key: 'wrong', from })).status).toBe(401)
    expect((await api.call('GET', '/metrics', { key: 'wrong', from })).status).toBe(429)
    expect((await api.call('GET', '/metrics', { key: TOKEN, from })).status).toBe(200)
  })

  test('has a rate for each network that several Prometheus servers do not reach', async () => {
    await using api = await openApi({ metrics })
    const from = '203.0.113.9'
    const statuses: number[] = []
    for (let n = 0; n < 21; n++) statuses.push((await api.call('GET', '/metrics', { key: null, from })).status)
    expect(statuses).toEqual([...new Array(20).fill(200), 429])
    expect((await api.call('GET', '/metrics', { key: null, from: '203.0.113.10' })).status).toBe(200)
    for (let second = 0; second < 60; second++) {
      api.clock.now += 1_000
      expect((await api.call('GET', '/metrics', { key: null, from })).status).toBe(200)
    }
  })
})
