import { describe, expect, test } from 'vitest'
import { DAY } from '../../src/core/duration.ts'
import { createOpen } from '../../src/http-client/socket.ts'
import { clockWith } from '../support/clock.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'
import { openTlsReceiver, trustedAuthority } from '../support/tls-receiver.ts'

const authority = trustedAuthority()
const certificate = authority.issue(['127.0.0.1'])
const untrusted = authority.selfSigned(['127.0.0.1'])

/**
 * Opens connections to receivers, each named by its port. With each look at the thread's own time it has worked for `workMs`, and
 * others for `othersMs` besides.
 */
const createOpener = ({ workMs = 0, othersMs = 0 } = {}) => {
  const time = { now: 0, worked: 0, workMs, othersMs }
  const threadCpu = () => {
    time.now += time.workMs + time.othersMs
    time.worked += time.workMs
    return time.worked
  }
  const open = createOpen((_origin, { openTcp }) => openTcp(), { ...clockWith(() => time.now), threadCpu })
  const to = async (
    { port }: { port: number },
    host = `127.0.0.1:${port}`,
    signal = new AbortController().signal,
  ): Promise<string> => {
    const origin = { protocol: 'https:', hostname: '127.0.0.1', port, host } as const
    try {
      const socket = await open(origin)({ signal, onRead: () => {}, onProxy: () => {}, onTls: () => {} })
      socket.destroy()
      return 'open'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error)
    }
  }
  return { to, time }
}

describe('a TLS handshake', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'with a chain of 20 KB in one flight is ended before the chain is verified, over %s',
    async maxVersion => {
      const chain = certificate.cert + untrusted.cert.repeat(60)
      await using receiver = await openTlsReceiver({ key: certificate.key, cert: chain, maxVersion })
      expect(await createOpener().to(receiver)).toBe('HANDSHAKE_TOO_LONG')
    },
  )

  test('that has held the loop and failed lets all of its address wait, a hundred times as long', async () => {
    await using bad = await openTlsReceiver(untrusted)
    await using good = await openTlsReceiver(certificate)
    const { to, time } = createOpener({ workMs: 50 })
    expect(await to(bad)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    time.workMs = 0
    const failedAt = time.now
    expect([await to(bad), await to(good)]).toEqual(['HANDSHAKE_WAITS', 'HANDSHAKE_WAITS'])
    time.now = failedAt + 5_000
    expect([await to(bad), await to(good)]).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT', 'open'])
    expect(await to(bad)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  })

  test('that was slow because others had the machine lets nobody wait, and is told as what it is', async () => {
    await using expired = await openTlsReceiver(authority.issue(['127.0.0.1'], new Date(Date.now() - DAY)))
    await using good = await openTlsReceiver(certificate)
    const { to } = createOpener({ workMs: 3, othersMs: 500 })
    expect([await to(expired), await to(expired)]).toEqual(['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED'])
    expect(await to(good)).toBe('open')
  })

  test('of a host that is proven waits for nobody who shares its address', async () => {
    await using bad = await openTlsReceiver(untrusted)
    await using good = await openTlsReceiver(certificate)
    const { to, time } = createOpener()
    expect(await to(good)).toBe('open')
    time.workMs = 50
    expect(await to(bad)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    time.workMs = 0
    expect([await to(bad), await to(good)]).toEqual(['HANDSHAKE_WAITS', 'open'])
  })

  test('of a proven host is not counted before it is over, and so with its first long chain for the last time', async () => {
    const chain = certificate.cert + untrusted.cert.repeat(60)
    await using good = await openTlsReceiver(certificate)
    await using changed = await openTlsReceiver({ key: certificate.key, cert: chain })
    const { to } = createOpener()
    const once = [await to(good, 'one.example'), await to(changed, 'one.example')]
    expect(once).toEqual(['open', 'open'])
    expect(await to(changed, 'one.example')).toBe('HANDSHAKE_TOO_LONG')
    // Its network waits, and with it all hosts that are not proven.
    expect(await to(good, 'two.example')).toBe('HANDSHAKE_WAITS')
  })

  test('of the first connection to a host is watched, and others wait for it: then they need not be', async () => {
    await using good = await openTlsReceiver(certificate)
    const looksAt = async (connections: number) => {
      const { to, time } = createOpener({ workMs: 1 })
      expect(new Set(await Promise.all(Array.from({ length: connections }, () => to(good))))).toEqual(new Set(['open']))
      return time.worked
    }
    expect(await looksAt(20)).toBe(await looksAt(1))
  })

  test('that never ends, or fails, holds up no other connection to its host', async () => {
    await using good = await openTlsReceiver(certificate)
    await using bad = await openTlsReceiver(untrusted)
    await using silent = await openRawReceiver(() => {})
    const { to } = createOpener()
    const ended = new AbortController()
    const hanging = to(silent, 'one.example', ended.signal)
    expect(await Promise.all([to(good, 'one.example'), to(good, 'one.example')])).toEqual(['open', 'open'])
    ended.abort()
    expect(await hanging).toBe('ABORT_ERR')
    expect(await Promise.all([to(bad, 'two.example'), to(good, 'two.example')])).toEqual([
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'open',
    ])
  })
})
