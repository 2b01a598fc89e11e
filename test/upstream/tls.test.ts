import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Certificate, createAuthority } from '../support/certificate.ts'
import { accountWith, openClient, SERIAL, serve } from './loopback.ts'

const unreachable = { kind: 'transient', code: null, cause: 'unreachable' }

const requests: string[] = []
const listener: RequestListener = (request, response) => {
  requests.push(request.httpVersion)
  response.end('{"code":4061}')
}

const authority = createAuthority(new Date())
const expired = authority.issue(['127.0.0.1'], new Date(Date.now() - 1_000))

const askWith = async (certificate: Certificate) => {
  requests.length = 0
  const url = await serve(createTlsServer(certificate, listener), 'https')
  return openClient(url).ask(accountWith(), SERIAL)
}

describe('TLS', () => {
  const trusted = tls.getCACertificates('default')
  beforeAll(() => tls.setDefaultCACertificates([...trusted, authority.cert]))
  afterAll(() => tls.setDefaultCACertificates(trusted))

  test('is spoken with a server whose certificate is right', async () => {
    expect(await askWith(authority.issue(['127.0.0.1']))).toEqual({ kind: 'not_found', code: 4061 })
  })

  test.each([
    ['expired', expired],
    ['for another name', authority.issue(['other.example'])],
  ])('U15 sends nothing to a server whose certificate is %s', async (_, certificate) => {
    expect(await askWith(certificate)).toMatchObject(unreachable)
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
