import { describe, expect, test } from 'vitest'
import type { DnsAttacks } from './inside/dns-attacks.ts'
import { PORT, PUBLIC } from './support/addresses.ts'
import { obstacle, runInside } from './support/namespace.ts'

const attack = (mode: 'ours' | 'plain' | 'proxied') => runInside<DnsAttacks>('dns-attacks', { args: [mode] })

const ANSWERED = /^[23]\d\d$/

describe.concurrent('M2 names that lie: in a network namespace, with a name server that says what an attacker likes', () => {
  test('rebinding, mixed answers, a late change, SERVFAIL or NXDOMAIN first: no connection to a denied address', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { denied, public: reached, ends } = await attack('ours')
    expect(denied).toBe(0)
    expect(reached).toBeGreaterThan(0)
    const end = (name: string) => ends[`http://${name}:${PORT}/`] ?? []
    expect(new Set(end('public.example'))).toEqual(new Set(['200']))
    for (const name of [
      'mixed.example',
      'mixed-families.example',
      'private.example',
      'private-v6.example',
      'mapped.example',
    ])
      expect(new Set(end(name))).toEqual(new Set(['blocked']))
    expect(end('rebinding.example').slice(0, 4)).toEqual(['200', '200', 'blocked', 'blocked'])
    expect(end('late.example').at(-1)).toBe('blocked')
    for (const name of ['after-servfail.example', 'after-nxdomain.example', 'after-silence.example']) {
      expect(end(name)[0]).toBe('dns')
      expect(end(name).at(-1)).toBe('blocked')
    }
    expect(new Set(ends[`http://public.example:${PORT}/redirect`])).toEqual(new Set(['307']))
  })

  test('N6 a name that is not there, or whose server fails, is called as soon as it is', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { ends } = await attack('ours')
    for (const name of ['recovers.example', 'recovers-from-servfail.example']) {
      const [first, ...rest] = ends[`http://${name}:${PORT}/`] ?? []
      expect(first).toBe('dns')
      expect(rest.at(-1)).toBe('200')
    }
  })

  test('an egress proxy is asked for public addresses only, never for a name', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { denied, asked } = await attack('proxied')
    expect(denied).toBe(0)
    expect(new Set(asked)).toEqual(new Set([`${PUBLIC}:${PORT}`]))
  })

  test('the same through an unguarded client opens many: this test can see them', async context => {
    if (obstacle !== null) return context.skip(obstacle)
    const { denied, ends } = await attack('plain')
    expect(denied).toBeGreaterThan(100)
    for (const [url, statuses] of Object.entries(ends))
      expect(
        statuses.some(status => ANSWERED.test(status)),
        url,
      ).toBe(true)
  })
})
