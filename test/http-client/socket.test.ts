import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, test } from 'vitest'
import { createOpen, type Origin } from '../../src/http-client/socket.ts'
import { createAuthority } from '../support/certificate.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'

const authority = createAuthority(new Date())
setDefaultCACertificates([...getCACertificates('bundled'), authority.cert])

const originAt = (port: number): Origin => ({
  protocol: 'https:',
  hostname: '127.0.0.1',
  port,
  host: `127.0.0.1:${port}`,
})

test('aborting ends a handshake at once', async () => {
  await using receiver = await openRawReceiver()
  const controller = new AbortController()
  const handshaking = Promise.withResolvers<void>()
  const open = createOpen<Origin>((_origin, { openTcp }) => openTcp())(originAt(receiver.port))
  const opening = open({ signal: controller.signal, onRead: () => {}, onTls: handshaking.resolve })
  const ended = expect(opening).rejects.toThrow()
  await handshaking.promise
  controller.abort()
  await ended
  await expect.poll(receiver.open).toBe(0)
})

test('a TLS session is resumed on the next connection to the host', async () => {
  const resumed: boolean[] = []
  const server = createServer(authority.issue(['127.0.0.1']), socket => {
    resumed.push(socket.isSessionReused())
    socket.on('error', () => {}).write('hello')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const open = createOpen<Origin>((_origin, { openTcp }) => openTcp())(originAt((server.address() as AddressInfo).port))
  for (let i = 0; i < 2; i++) {
    const read = Promise.withResolvers<string>()
    const { signal } = new AbortController()
    const socket = await open({ signal, onRead: bytes => read.resolve(bytes.toString()), onTls: () => {} })
    expect(await read.promise).toBe('hello')
    socket.destroy()
  }
  expect(resumed).toEqual([false, true])
  server.close()
})
