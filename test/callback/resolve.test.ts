import { describe, expect, test } from 'vitest'
import { openNameResolver } from '../../src/callback/resolve.ts'
import { clockWith } from '../support/clock.ts'
import { openFakeDns } from '../support/fake-dns.ts'

const NAME = 'a.example'

const setUp = async () => {
  const dns = await openFakeDns()
  const clock = { ms: 0 }
  const resolver = openNameResolver({ servers: [dns.server], clock: clockWith(() => clock.ms) })
  return {
    dns,
    clock,
    resolver,
    [Symbol.asyncDispose]: async () => {
      resolver.close()
      await dns[Symbol.asyncDispose]()
    },
  }
}

describe('the resolver', () => {
  test('remembers an answer for a minute, whatever its TTL', async () => {
    await using place = await setUp()
    place.dns.answer(NAME, ['192.0.2.1'], ['192.0.2.2'])
    await place.resolver.resolve(NAME)
    place.clock.ms = 59_999
    expect(await place.resolver.resolve(NAME)).toEqual({ ok: true, addresses: ['192.0.2.1'] })
    place.clock.ms = 60_000
    expect(await place.resolver.resolve(NAME)).toEqual({ ok: true, addresses: ['192.0.2.2'] })
  })

  const addressesOf = (count: number) => Array.from({ length: count }, (_, at) => `192.0.2.${at}`)

  test('refuses a name with more than 32 addresses, of both families together', async () => {
    await using place = await setUp()
    place.dns.answer('32.example', [...addressesOf(31), '2001:db8::1'])
    place.dns.answer('33.example', [...addressesOf(32), '2001:db8::1'])
    expect(await place.resolver.resolve('32.example')).toMatchObject({ ok: true })
    expect(await place.resolver.resolve('33.example')).toEqual({ ok: false, detail: 'too_many_addresses' })
    place.clock.ms = 29_999
    expect(await place.resolver.resolve('33.example')).toMatchObject({ ok: false })
    expect(place.dns.count('33.example', 'A')).toBe(1)
  })

  test('does not look into /etc/hosts', async () => {
    await using place = await setUp()
    expect((await place.resolver.resolve('localhost')).ok).toBe(false)
  })

  test('ends queries under way when it is closed', async () => {
    await using place = await setUp()
    place.dns.answer(NAME, 'drop')
    const pending = place.resolver.resolve(NAME)
    await expect.poll(() => place.dns.count(NAME, 'A')).toBeGreaterThan(0)
    place.resolver.close()
    expect(await pending).toEqual({ ok: false, detail: 'ECANCELLED' })
  })
})
