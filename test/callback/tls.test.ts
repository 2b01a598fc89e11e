import { describe, expect, test } from 'vitest'
import { openNameResolver } from '../../src/callback/resolve.ts'
import { createAuthority } from '../support/certificate.ts'
import { clockWith } from '../support/clock.ts'
import { openFakeDns } from '../support/fake-dns.ts'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { attemptTo, openSender } from '../support/sender.ts'
import { openTlsReceiver, trustedAuthority } from '../support/tls-receiver.ts'

const now = new Date()
const DAY = 86_400_000
const authority = trustedAuthority(now)

describe('TLS', () => {
  test('a name is sent as SNI and checked against the certificate', async () => {
    await using dns = await openFakeDns()
    for (const name of ['good.example', 'other.example']) dns.answer(name, ['127.0.0.1'])
    const names: unknown[] = []
    await using receiver = await openTlsReceiver(authority.issue(['good.example']), socket => {
      names.push(socket.servername)
      socket.write(OK)
    })
    await using sender = openSender({
      resolver: openNameResolver({ servers: [dns.server], clock: clockWith(() => 0) }),
    })
    const send = (name: string) => sender.send(attemptTo(`https://${name}:${receiver.port}/`))
    expect(await send('good.example')).toMatchObject({ kind: 'answered', httpStatus: 200 })
    expect(names).toEqual(['good.example'])
    expect(await send('other.example')).toMatchObject({
      kind: 'failed',
      error: 'tls',
      detail: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    // Only of a certificate that was accepted.
    expect([...sender.certificateEnds.keys()]).toEqual([`good.example:${receiver.port}`])
    expect(sender.certificateEnds.get(`good.example:${receiver.port}`)).toBeGreaterThan(Date.now())
  })

  test.each([
    ['has expired', authority.issue(['127.0.0.1'], new Date(now.getTime() - DAY)), 'CERT_HAS_EXPIRED'],
    ['is not valid yet', authority.issue(['127.0.0.1'], new Date(now.getTime() + 60 * DAY)), 'CERT_NOT_YET_VALID'],
    ['is signed by itself', authority.selfSigned(['127.0.0.1']), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['is for another name', authority.issue(['127.0.0.2']), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['comes from an unknown authority', createAuthority(now).issue(['127.0.0.1']), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('R16 a certificate that %s: failed, and nothing is sent', async (_claim, certificate, detail) => {
    await using receiver = await openTlsReceiver(certificate)
    await using sender = openSender()
    expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ kind: 'failed', error: 'tls', detail })
    expect(receiver.requests()).toBe(0)
  })

  test.each(['TLSv1', 'TLSv1.1'] as const)('R16 a receiver that knows only %s: failed', async maxVersion => {
    await using receiver = await openTlsReceiver({
      ...authority.issue(['127.0.0.1']),
      ...{ minVersion: maxVersion, maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' },
    })
    await using sender = openSender()
    expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ kind: 'failed', error: 'tls' })
  })

  test('R16 verifies though NODE_TLS_REJECT_UNAUTHORIZED says not to', async () => {
    await using receiver = await openTlsReceiver(authority.selfSigned(['127.0.0.1']))
    await using sender = openSender()
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ kind: 'failed', error: 'tls' })
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
  })

  test('R16 a receiver without TLS: failed, and not called without it', async () => {
    await using receiver = await openRawReceiver(
      () => {},
      socket => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    await using sender = openSender()
    expect(await sender.send(attemptTo(receiver.url.replace('http:', 'https:')))).toMatchObject({
      ...{ error: 'tls', detail: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    })
    expect(receiver.requests).toHaveLength(0)
    expect(receiver.connections()).toBe(1)
  })
})
