import { createServer, type RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openCountingReceiver } from '../support/counting-receiver.ts'
import { authority, expired, forLoopback, forOtherName, serverKey } from './certificates.ts'
import { accountWith, openClient, SERIAL, serve } from './loopback.ts'

const unreachable = { kind: 'transient', code: null, cause: 'unreachable' }

const requests: string[] = []
const listener: RequestListener = (request, response) => {
  requests.push(request.httpVersion)
  response.end('{"code":4061}')
}

const askWith = async (cert: string) => {
  requests.length = 0
  const url = await serve(createTlsServer({ key: serverKey, cert }, listener), 'https')
  return openClient(url).ask(accountWith(), SERIAL)
}

describe('TLS', () => {
  const trusted = tls.getCACertificates('default')
  beforeAll(() => tls.setDefaultCACertificates([...trusted, authority]))
  afterAll(() => tls.setDefaultCACertificates(trusted))

  test('is spoken with a server whose certificate is right', async () => {
    expect(await askWith(forLoopback)).toEqual({ kind: 'not_found', code: 4061 })
  })

  test.each([
    ['expired', expired],
    ['for another name', forOtherName],
  ])('U15 sends nothing to a server whose certificate is %s', async (_, cert) => {
    expect(await askWith(cert)).toMatchObject(unreachable)
    expect(requests).toHaveLength(0)
  })

  test('U15 is verified even when the environment switches that off', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    expect(await askWith(expired)).toMatchObject(unreachable)
    vi.unstubAllEnvs()
    expect(requests).toHaveLength(0)
  })

  test('U15 never falls back to plain HTTP', async () => {
    requests.length = 0
    const url = await serve(createServer(listener), 'https')
    expect(await openClient(url).ask(accountWith(), SERIAL)).toMatchObject(unreachable)
    expect(requests).toHaveLength(0)
  })

  test('a thousand polls take no more connections than may be open at once', async () => {
    await using server = await openCountingReceiver({
      certificate: { key: serverKey, cert: forLoopback },
      body: '{"code":4061}',
    })
    const client = openClient(server.url, { concurrency: 4 })
    let left = 1_000
    const work = async () => {
      while (left-- > 0) expect(await client.ask(accountWith(), SERIAL)).toEqual({ kind: 'not_found', code: 4061 })
    }
    await Promise.all(Array.from({ length: 4 }, work))
    expect(await server.connections()).toBe(4)
  })

  test('carries HTTP/1.1 to a server that prefers HTTP/2', async () => {
    requests.length = 0
    const server = createSecureServer({ key: serverKey, cert: forLoopback, allowHTTP1: true }, (request, response) => {
      requests.push(request.httpVersion)
      response.end('{"code":4061}')
    })
    const url = await serve(Object.assign(server, { closeAllConnections: () => {} }) as never, 'https')
    expect(await openClient(url).ask(accountWith(), SERIAL)).toEqual({ kind: 'not_found', code: 4061 })
    expect(requests).toEqual(['1.1'])
  })
})

test('U15 a certificate of an unknown authority is refused', async () => {
  expect(await askWith(forLoopback)).toMatchObject(unreachable)
  expect(requests).toHaveLength(0)
})
