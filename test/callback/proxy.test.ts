import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openNameResolver } from '../../src/callback/resolve.ts'
import { clockWith } from '../support/clock.ts'
import { openProxy } from '../support/egress-proxy.ts'
import { openFakeDns } from '../support/fake-dns.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'
import { attemptTo, openSender } from '../support/sender.ts'
import { trustedAuthority } from '../support/tls-receiver.ts'

const authority = trustedAuthority()

const answering = (status: number) => (client: Socket) => void client.end(`HTTP/1.1 ${status} No\r\n\r\n`)

describe('an egress proxy', () => {
  test('is asked for the address that was judged, and carries the request', async () => {
    await using dns = await openFakeDns()
    dns.answer('a.example', ['1.1.1.1'])
    await using receiver = await openRawReceiver()
    await using proxy = await openProxy(() => receiver.port)
    await using sender = openSender({
      allow: [],
      proxy: `http://user:p%40ss@127.0.0.1:${proxy.port}`,
      resolver: openNameResolver({ servers: [dns.server], clock: clockWith(() => 0) }),
    })
    for (let i = 0; i < 2; i++)
      expect(await sender.send(attemptTo('http://a.example:8080/hook'))).toMatchObject({
        kind: 'answered',
        httpStatus: 200,
      })
    expect(proxy.asked.map(({ url }) => url)).toEqual(['1.1.1.1:8080'])
    expect(proxy.asked[0]?.headers['proxy-authorization']).toBe(`Basic ${btoa('user:p@ss')}`)
    expect(receiver.requests[0]).toMatch(/^POST \/hook HTTP\/1\.1\r\nhost: a\.example:8080\r\n/)
    expect(receiver.requests[0]).not.toContain('proxy')
  })

  test('is spoken to over TLS when its URL says so, if its certificate is right', async () => {
    await using receiver = await openRawReceiver()
    await using good = await openProxy(() => receiver.port, { certificate: authority.issue(['127.0.0.1']) })
    await using bad = await openProxy(() => receiver.port, { certificate: authority.selfSigned(['127.0.0.1']) })
    const sendBy = async (proxy: { port: number }) => {
      await using sender = openSender({ proxy: `https://127.0.0.1:${proxy.port}` })
      return await sender.send(attemptTo(receiver.url))
    }
    expect(await sendBy(good)).toMatchObject({ kind: 'answered', httpStatus: 200 })
    expect(await sendBy(bad)).toMatchObject({
      kind: 'failed',
      error: 'proxy_down',
      detail: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    expect([good.asked.length, bad.asked.length, receiver.requests.length]).toEqual([1, 0, 1])
  })

  test('is not asked for what may not be called', async () => {
    await using dns = await openFakeDns()
    dns.answer('a.example', ['10.0.0.1'])
    await using proxy = await openProxy(() => 1)
    await using sender = openSender({
      allow: [],
      proxy: `http://127.0.0.1:${proxy.port}`,
      resolver: openNameResolver({ servers: [dns.server], clock: clockWith(() => 0) }),
    })
    for (const url of ['http://a.example/', `http://127.0.0.1:${proxy.port}/`, 'http://[::1]/'])
      expect(await sender.send(attemptTo(url))).toMatchObject({ kind: 'failed', error: 'blocked' })
    expect(proxy.asked).toHaveLength(0)
  })

  test.each([
    ['is not there', 'proxy_down', 'ECONNREFUSED', () => openProxy(() => 1).then(closed)],
    ['does not finish its handshake', 'proxy_down', 'timeout', () => openSilent('https:')],
    ['refuses our credentials', 'proxy_down', '407', () => openProxy(() => 1, { refusal: answering(407) })],
    ['wants fewer calls', 'proxy_down', '429', () => openProxy(() => 1, { refusal: answering(429) })],
    [
      'answers garbage',
      'proxy_down',
      'HPE_INVALID_CONSTANT',
      () => openProxy(() => 1, { refusal: client => client.end('SSH-2.0\r\n') }),
    ],
    ['refuses the host', 'proxy', '403', () => openProxy(() => 1, { refusal: answering(403) })],
    ['answers 502', 'proxy', '502', () => openProxy(() => 1, { refusal: answering(502) })],
    ['closes', 'proxy', 'ECONNRESET', () => openProxy(() => 1, { refusal: client => client.end() })],
    ['does not answer', 'proxy', 'timeout', () => openSilent('http:')],
  ] as const)('that %s fails as %s', async (_claim, error, detail, open) => {
    await using proxy = await open()
    await using sender = openSender({ proxy: `${proxy.protocol}//127.0.0.1:${proxy.port}`, timeoutMs: 4_000 })
    const result = await sender.send(attemptTo('http://127.0.0.1:9999/'))
    expect(result).toMatchObject({ kind: 'failed', error, detail })
  })
})

/** Accepts connections and never sends anything. */
const openSilent = async (protocol: 'http:' | 'https:') => {
  const receiver = await openRawReceiver(() => {})
  return Object.assign(receiver, { protocol })
}

const closed = async (proxy: Awaited<ReturnType<typeof openProxy>>) => {
  await proxy[Symbol.asyncDispose]()
  return { ...proxy, [Symbol.asyncDispose]: async () => {} }
}
