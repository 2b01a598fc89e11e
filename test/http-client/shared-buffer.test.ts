import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Origin } from '../../src/core/origin.ts'
import { createOpen } from '../../src/http-client/socket.ts'
import { clockWith } from '../support/clock.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'
import { openTlsReceiver, trustedAuthority } from '../support/tls-receiver.ts'
import { createWatched, openTo } from './harness.ts'

const limits = { bodyBytes: 1_000, keptBytes: 1_000 }

/** A peer that gets one request on one connection, and then sends the bytes that the test gives it. */
const openPeer = async () => {
  const asked = Promise.withResolvers<Socket>()
  const receiver = await openRawReceiver(socket => asked.resolve(socket))
  const watched = createWatched(openTo(receiver.port), { limits })
  const ended = watched.run()
  const socket = await asked.promise
  return {
    ended,
    say: (text: string) => new Promise<void>(written => socket.write(text, () => written())),
    [Symbol.asyncDispose]: receiver[Symbol.asyncDispose],
  }
}

test.each([
  ['in bodies', 'HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n', ''],
  ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3c\r\n', '\r\n0\r\n\r\n'],
  ['in heads', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: ', '\r\n\r\nok'],
])('reads of two connections in turn, %s, do not run into each other', async (where, head, end) => {
  await using one = await openPeer()
  await using other = await openPeer()
  for (const peer of [one, other]) await peer.say(head)
  for (let piece = 0; piece < 6; piece++) {
    await one.say(`${piece}`.repeat(10))
    await other.say('abcdef'.charAt(piece).repeat(10))
  }
  for (const peer of [one, other]) await peer.say(end)
  const [first, second] = [await one.ended, await other.ended]
  const readOf = ({ head, body }: typeof first) => (where === 'in heads' ? head?.headers.get('x') : body.toString())
  expect(first.fault).toBeNull()
  expect(readOf(first)).toBe('0123456789'.slice(0, 6).replace(/./g, digit => digit.repeat(10)))
  expect(readOf(second)).toBe('abcdef'.replace(/./g, letter => letter.repeat(10)))
})

test.each(['http:', 'https:'] as const)(
  'exchanges on a connection may together pass every limit, over %s',
  async protocol => {
    const answer = (socket: Socket, index: number) =>
      void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2500\r\n\r\n${'abc'.charAt(index).repeat(2_500)}`)
    await using receiver =
      protocol === 'http:'
        ? await openRawReceiver(answer)
        : await openTlsReceiver(trustedAuthority().issue(['127.0.0.1']), answer)
    const origin: Origin = { protocol, hostname: '127.0.0.1', port: receiver.port, host: '127.0.0.1' }
    const { run } = createWatched(createOpen<Origin>((_origin, { openTcp }) => openTcp(), clockWith())(origin), {
      limits: { bodyBytes: 3_000, keptBytes: 3_000, totalBytes: 4_500 },
    })
    for (const letter of 'abc')
      expect(await run()).toMatchObject({ fault: null, body: Buffer.from(letter.repeat(2_500)) })
    expect(receiver.connections()).toBe(1)
  },
)
