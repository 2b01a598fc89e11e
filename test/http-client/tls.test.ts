import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import type { Origin } from '../../src/core/origin.ts'
import { createOpen } from '../../src/http-client/socket.ts'
import { clockWith } from '../support/clock.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'
import { trustedAuthority } from '../support/tls-receiver.ts'
import { createRecordWriter } from '../support/tls-records.ts'
import { createWatched } from './harness.ts'

const authority = trustedAuthority()
const certificate = authority.issue(['127.0.0.1'])

const originAt = (port: number): Origin => ({
  protocol: 'https:',
  hostname: '127.0.0.1',
  port,
  host: `127.0.0.1:${port}`,
})

const openerTo = ({ port }: { port: number }) =>
  createOpen<Origin>((_origin, { openTcp }) => openTcp(), clockWith())(originAt(port))

describe('a TLS handshake', () => {
  /** The first message of a TLS client: its cipher suites and named groups. */
  const readHello = (hello: Buffer) => {
    let at = 5 + 4 + 2 + 32
    at += 1 + hello.readUInt8(at)
    const listAt = (start: number) =>
      Array.from({ length: hello.readUInt16BE(start) / 2 }, (_, index) => hello.readUInt16BE(start + 2 + 2 * index))
    const suites = listAt(at)
    at += 2 + 2 * suites.length
    at += 1 + hello.readUInt8(at) + 2
    while (at < hello.length) {
      if (hello.readUInt16BE(at) === 10) return { suites, groups: listAt(at + 4) }
      at += 4 + hello.readUInt16BE(at + 2)
    }
    throw new Error('no groups')
  }

  test('offers no finite-field Diffie-Hellman, whose group a server could make as large as it likes', async () => {
    const hello = Promise.withResolvers<Buffer>()
    const server = createTcpServer(socket => {
      socket
        .on('error', () => {})
        .once('data', bytes => {
          hello.resolve(bytes)
          socket.destroy()
        })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { run } = createWatched(openerTo({ port }))
    expect(await run()).toMatchObject({ fault: { kind: 'connect', phase: 'tls' } })
    const { suites, groups } = readHello(await hello.promise)
    const finite = [0x9e, 0x9f, 0x33, 0x39, 0x67, 0x6b, 0xccaa, 0xa2, 0xa3, 0xc09e, 0xc09f]
    expect(suites.filter(suite => finite.includes(suite))).toEqual([])
    // X25519, P-256, P-384, P-521.
    expect(groups).toEqual([29, 23, 24, 25])
    server.close()
  })

  test('that never gets further, however much the server sends, is ended', async () => {
    const helloRequest = Buffer.from([22, 3, 3, 0, 4, 0, 0, 0, 0])
    await using receiver = await openRawReceiver(
      () => {},
      socket => void socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => helloRequest))),
    )
    const { run } = createWatched(openerTo(receiver))
    expect(await run()).toMatchObject({
      fault: { kind: 'connect', phase: 'tls', error: { code: 'HANDSHAKE_TOO_LONG' } },
    })
    await expect.poll(receiver.open).toBe(0)
  })
})

/** Sent by Node's server by itself. */
const TICKETS = 2

/** A server that sends this many session tickets, made below its TLS, instead of each answer. */
const openTicketServer = async (count: number) => {
  const raws: Socket[] = []
  const server = createServer({
    ...certificate,
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
  })
  const secrets: string[] = []
  server.on('connection', (raw: Socket) => raws.push(raw))
  server.on('keylog', (line: Buffer) => {
    if (line.toString().startsWith('SERVER_TRAFFIC_SECRET_0')) secrets.push(line.toString())
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => {})
    const raw = raws.at(-1)
    const writer = createRecordWriter(secrets.at(-1) ?? '', TICKETS)
    // A turn later, when the tickets of the server's own are out.
    socket.on('data', () => setImmediate(() => raw?.write(Buffer.concat(Array.from({ length: count }, writer.ticket)))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const raw of raws) raw.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('session tickets', () => {
  test('without end instead of an answer are a flood', async () => {
    await using server = await openTicketServer(60)
    const { run } = createWatched(openerTo(server))
    expect(await run()).toMatchObject({ head: null, fault: { kind: 'protocol', detail: 'flood' } })
  })
})
