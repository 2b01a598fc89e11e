import { describe, expect, test } from 'vitest'
import { createGuardedConnect } from '../../src/callback/guard.ts'
import { openNameResolver } from '../../src/callback/resolve.ts'
import type { Networks } from '../../src/core/address.ts'
import { judgeUrl } from '../../src/core/callback-url.ts'
import { openClient } from '../../src/http-client/client.ts'
import { clockWith } from '../support/clock.ts'
import { type DnsReply, openFakeDns } from '../support/fake-dns.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'
import { attemptTo, openSender } from '../support/sender.ts'

/** Here 127.0.0.1 is the internal service, which must never be reached; 127.0.0.2 is public, without a listener. */
const PUBLIC = ['127.0.0.2']
const INTERNAL = ['127.0.0.1']
const MINUTE = 60_000

const NAME = 'hook.partner.example'

const setUp = async (...replies: DnsReply[]) => {
  const dns = await openFakeDns()
  const internal = await openRawReceiver()
  const clock = { ms: 0 }
  const resolver = openNameResolver({ servers: [dns.server], clock: clockWith(() => clock.ms) })
  const sender = openSender({ allow: ['127.0.0.2/32'], resolver })
  dns.answer(NAME, ...replies)
  const disposables = new AsyncDisposableStack()
  for (const one of [dns, internal, sender]) disposables.use(one)
  return {
    dns,
    internal,
    clock,
    send: () => sender.send(attemptTo(`http://${NAME}:${internal.port}/`)),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

const blocked = { kind: 'failed', error: 'blocked', detail: 'loopback' }

describe('M2 a name', () => {
  test('that leads to an internal address is blocked', async () => {
    await using place = await setUp(INTERNAL)
    expect(await place.send()).toMatchObject(blocked)
    expect(place.internal.connections()).toBe(0)
  })

  test.each([
    ['first', ['127.0.0.1', '127.0.0.2']],
    ['last', ['127.0.0.2', '127.0.0.1']],
    ['in IPv6', ['127.0.0.2', '::1']],
    ['mapped', ['127.0.0.2', '::ffff:7f00:1']],
  ])('with one internal address among its answers, %s, is blocked', async (_where, addresses) => {
    await using place = await setUp(addresses)
    expect(await place.send()).toMatchObject({ kind: 'failed', error: 'blocked' })
    expect(place.internal.connections()).toBe(0)
  })

  test('that is sent to 50 times at once while it changes reaches nothing internal', async () => {
    await using place = await setUp(PUBLIC, INTERNAL, PUBLIC, INTERNAL)
    for (let round = 0; round < 4; round++) {
      const results = await Promise.all(Array.from({ length: 50 }, place.send))
      for (const result of results) expect(result).toMatchObject({ kind: 'failed' })
      place.clock.ms += MINUTE
    }
    expect(place.internal.connections()).toBe(0)
  })
})

describe('M16 our own address', () => {
  test.each(['127.0.0.1', '[::1]', '0.0.0.0', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1'])(
    'written as %s is blocked',
    async host => {
      await using internal = await openRawReceiver()
      await using sender = openSender({ allow: [] })
      const result = await sender.send(attemptTo(`http://${host}:${internal.port}/`))
      expect(result).toMatchObject({ kind: 'failed', error: 'blocked' })
      expect(internal.connections()).toBe(0)
    },
  )
})

describe('a name that may be called', () => {
  const open = async () => {
    const dns = await openFakeDns()
    const receiver = await openRawReceiver()
    const clock = { ms: 0 }
    const sender = openSender({
      resolver: openNameResolver({ servers: [dns.server], clock: clockWith(() => clock.ms) }),
    })
    const disposables = new AsyncDisposableStack()
    for (const one of [dns, receiver, sender]) disposables.use(one)
    return {
      dns,
      receiver,
      clock,
      send: (name: string) => sender.send(attemptTo(`http://${name}:${receiver.port}/`)),
      [Symbol.asyncDispose]: () => disposables.disposeAsync(),
    }
  }
  const answered = { kind: 'answered', httpStatus: 200 }

  test.each([
    ['an IPv4 address that is dead', ['127.0.0.2', '127.0.0.1']],
    ['an IPv6 address that is dead', ['::1', '127.0.0.1']],
  ])('R23 is reached though it also has %s', async (_claim, addresses) => {
    await using place = await open()
    place.dns.answer(NAME, addresses)
    const allowed = openSender({
      allow: ['127.0.0.0/8', '::1/128'],
      resolver: openNameResolver({ servers: [place.dns.server], clock: clockWith(() => 0) }),
    })
    expect(await allowed.send(attemptTo(`http://${NAME}:${place.receiver.port}/`))).toMatchObject(answered)
    await allowed.close()
  })

  test('N5 is not held up by names whose servers are silent', async () => {
    await using place = await open()
    place.dns.answer(NAME, ['127.0.0.1'])
    const silent = Array.from({ length: 20 }, (_, at) => `black-hole-${at}.example`)
    for (const name of silent) place.dns.answer(name, 'drop')
    const stuck = Promise.all(silent.map(place.send))
    const result = await place.send(NAME)
    expect(result).toMatchObject(answered)
    expect(result.durationMs).toBeLessThan(1_000)
    for (const one of await stuck) expect(one).toMatchObject({ kind: 'failed', error: 'dns' })
  })

  test('N6 is reached once its server answers again', async () => {
    await using place = await open()
    place.dns.answer(NAME, 'NXDOMAIN', ['127.0.0.1'])
    expect(await place.send(NAME)).toMatchObject({ kind: 'failed', error: 'dns', detail: 'ENOTFOUND' })
    place.clock.ms += 29_000
    expect(await place.send(NAME)).toMatchObject({ kind: 'failed', error: 'dns' })
    place.clock.ms += 1_000
    expect(await place.send(NAME)).toMatchObject(answered)
  })
})

describe('the guard of one connection', () => {
  const limits = {
    ...{ headBytes: 1024, bodyBytes: 1024, keptBytes: 1024, totalBytes: 4096 },
    ...{ connectMs: 5_000, bodyMs: 5_000 },
  }

  /** Sends to a URL that is an address. `allowed` is consulted before and after connecting. */
  const sendGuarded = async (url: string, allowed: Networks) => {
    const verdict = judgeUrl(url, { allowHttp: true, allowed: { contains: () => true } })
    if (!verdict.ok) throw new Error(verdict.message.en)
    const resolver = { resolve: () => Promise.reject(new Error('an address was resolved')) }
    const { connect } = createGuardedConnect({ allowed, resolver, proxy: null })
    const client = openClient({ connect, limits, retries: 'unsent', clock: clockWith() })
    const request = { method: 'GET', path: '/', headers: [], body: null } as const
    const { fault } = await client.send({ key: '', origin: verdict.url }, request, 5_000)
    client.close()
    return fault
  }

  const blockedFault = { kind: 'connect', error: { failure: { error: 'blocked', detail: 'loopback' } } }

  test('M2 judges the address of the open connection before a byte is written', async () => {
    let asked = 0
    await using receiver = await openRawReceiver()
    expect(await sendGuarded(receiver.url, { contains: () => asked++ < 2 })).toMatchObject(blockedFault)
    await expect.poll(() => [receiver.connections(), receiver.open()]).toEqual([1, 0])
    expect(receiver.requests).toEqual([])
  })

  test('M1 judges an address that is written out', async () => {
    await using receiver = await openRawReceiver()
    expect(await sendGuarded(receiver.url, { contains: () => false })).toMatchObject(blockedFault)
    expect(receiver.connections()).toBe(0)
  })
})
