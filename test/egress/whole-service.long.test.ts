import { describe, expect, test } from 'vitest'
import { openFolder } from '../support/service.ts'
import type { WholeService } from './inside/service.ts'
import { PROXY } from './support/addresses.ts'
import { obstacle, runInside } from './support/namespace.ts'

const ENVIRONMENTS_PROXY = `http://${PROXY}:3128`
const PROXIES = {
  NODE_USE_ENV_PROXY: '1',
  HTTP_PROXY: ENVIRONMENTS_PROXY,
  HTTPS_PROXY: ENVIRONMENTS_PROXY,
  ALL_PROXY: ENVIRONMENTS_PROXY,
  NO_PROXY: '127.0.0.1',
}

const play = async (more: { args?: string[]; env?: Record<string, string> } = {}): Promise<WholeService> => {
  await using folder = await openFolder()
  return await runInside<WholeService>('service', { folder: folder.path, ...more })
}

const DENIED_NAMES = ['private', 'mixed', 'metadata', 'loopback', 'private-v6', 'mapped'].map(name => `${name}.example`)

const expectGuarded = ({ denied, literals, names, tested }: WholeService) => {
  expect(denied).toBe(0)
  for (const { status } of Object.values(literals)) expect(status).toBe(422)
  for (const name of DENIED_NAMES) {
    expect(names[name]).toEqual({ state: 'exhausted', attempts: 8, told: ['no_response'] })
    expect(tested[name]).toEqual({ status: 200, error: 'no_response' })
  }
  expect(names['public.example']).toEqual({ state: 'delivered', attempts: 2, told: ['200'] })
  expect(tested['public.example']).toEqual({ status: 200, error: null })
}

describe.concurrent('the whole service in a network namespace, with the system’s own name server settings', () => {
  test('M3 register, retry, resend and callbacks/test: none reaches a denied address', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const played = await play()
    expectGuarded(played)
    expect(played.logged).toContain('blocked')
  })

  test('M18 a partner is told the same whatever kept the answer from coming', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { literals } = await play()
    const texts = Object.values(literals).map(({ text }) => text.replace(/"requestId":"[^"]*"/, ''))
    expect(new Set(texts).size).toBe(1)
  })

  test('N9 proxy settings of the environment have no effect', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const played = await play({ env: PROXIES })
    expectGuarded(played)
    expect(played.proxied).toBe(0)
    expect(played.proxiedPlain).toBe(1)
  })

  test('CALLBACK_PROXY carries everything, and is asked for nothing that is denied', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const played = await play({ args: ['--proxy'] })
    expectGuarded(played)
    expect(played.proxied).toBeGreaterThan(0)
    expect(played.public).toBe(played.proxied)
  })
})
