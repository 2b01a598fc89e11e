import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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
})
