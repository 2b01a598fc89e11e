import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mayPass } from '../../../src/store/opening-failure.ts'
import type { PostgresStats } from '../../../src/store/stats.ts'
import { createAuthority } from '../../support/certificate.ts'
import { openAt, refusalOf } from '../../support/opening.ts'
import { openTestServer } from '../../support/postgres.ts'
import { runCli } from '../../support/service.ts'

const now = new Date()
const ours = createAuthority(now)
const folder = mkdtempSync(join(tmpdir(), 'notifier-tls-'))
const put = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return encodeURIComponent(join(folder, name))
}
const OURS = put('ours.pem', ours.cert)
const OTHERS = put('others.pem', createAuthority(now).cert)
const EMPTY = put('empty.pem', 'no certificate')

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A server that lets nobody in without TLS, but for its superuser on the socket. */
const openTlsServer = async (certificate: { key: string; cert: string }) => {
  const port = await freePort()
  const server = await openTestServer(
    ['ssl=on', 'listen_addresses=127.0.0.1', `port=${port}`],
    ['local all all trust', 'hostssl all all 127.0.0.1/32 trust'],
    { 'server.crt': certificate.cert, 'server.key': certificate.key },
  )
  return { ...server, urlOf: (host: string, more: string) => `postgres://postgres@${host}:${port}/postgres${more}` }
}

let server: Awaited<ReturnType<typeof openTlsServer>>
let old: typeof server
beforeAll(async () => {
  server = await openTlsServer(ours.issue(['localhost']))
  old = await openTlsServer(ours.issue(['localhost'], new Date(now.getTime() - 1_000)))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await old[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['verify-full', `&sslrootcert=${OURS}`],
  ['require', `&sslrootcert=${OURS}`],
  ['no-verify', ''],
])('opens with TLS by sslmode=%s', async (mode, more) => {
  await using opened = await openAt(server.urlOf('localhost', `?sslmode=${mode}${more}`))
  expect(((await opened.store.engineStats()) as PostgresStats).kind).toBe('postgres')
})

test.each([
  [
    'another host',
    '127.0.0.1',
    `?sslmode=verify-full&sslrootcert=${OURS}`,
    /\(ERR_TLS_CERT_ALTNAME_INVALID\): .*name the host that/,
  ],
  [
    'another authority',
    'localhost',
    `?sslmode=verify-full&sslrootcert=${OTHERS}`,
    /\([A-Z_]+\): its certificate is not trusted/,
  ],
  ['no authority', 'localhost', '?sslmode=verify-full', /\([A-Z_]+\): its certificate is not trusted/],
  [
    'a file that is no certificate',
    'localhost',
    `?sslmode=verify-full&sslrootcert=${EMPTY}`,
    /\([A-Z_]+\): its certificate is not trusted/,
  ],
  ['no TLS', 'localhost', '', /\(TLS_NEEDED\): it lets nobody in without TLS: add \?sslmode=verify-full/],
  ['TLS that is off', 'localhost', '?sslmode=disable', /\(TLS_NEEDED\): it lets nobody in without TLS/],
])('refuses %s', async (_, host, more, says) => {
  const error = await refusalOf(server.urlOf(host, more))
  expect([error.message, mayPass(error)]).toEqual([expect.stringMatching(says), false])
})

test('a certificate that has expired is told as that', async () => {
  const error = await refusalOf(old.urlOf('localhost', `?sslmode=verify-full&sslrootcert=${OURS}`))
  expect([error.message, mayPass(error)]).toEqual([expect.stringMatching(/\(CERT_HAS_EXPIRED\): .*expired/), false])
})

test('a service with the certificate of another authority ends with 2 and says what to do', async () => {
  const env = {
    ...{ DATABASE_URL: server.urlOf('localhost', `?sslmode=verify-full&sslrootcert=${OTHERS}`), PORT: '0' },
    ...{ MASTER_KEY: Buffer.alloc(32, 1).toString('base64'), IHUYI_ACCOUNT: 'C1', IHUYI_API_KEY: 'key' },
  }
  const { code, stderr } = await runCli(['serve'], { cwd: folder, env })
  expect(stderr).toMatch(
    /^DATABASE_URL: postgres:\/\/postgres@localhost:\d+\/postgres cannot be used .*sslrootcert=FILE/,
  )
  expect(code).toBe(2)
})
