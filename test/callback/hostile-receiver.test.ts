import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { flood, OK, openRawReceiver } from '../support/raw-receiver.ts'
import { attemptTo, openSender } from '../support/sender.ts'

const replying = (reply: string | Buffer) => openRawReceiver(socket => void socket.write(reply))

const repeating = (socket: Socket, text: string, everyMs: number) => {
  const timer = setInterval(() => socket.write(text), everyMs)
  socket.once('close', () => clearInterval(timer))
}

describe('a receiver that fails', () => {
  test('R1 resets the connection as soon as it is open', async () => {
    await using receiver = await openRawReceiver(
      () => {},
      socket => void socket.resetAndDestroy(),
    )
    await using sender = openSender()
    expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ kind: 'failed', error: 'reset' })
  })

  test.each([
    ['never answers', () => {}],
    [
      'sends its headers byte by byte',
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\nx: ')
        repeating(socket, 'y', 20)
      },
    ],
  ])('R4 %s: ends in time and frees the connection', async (_claim, answer) => {
    await using receiver = await openRawReceiver(answer)
    await using sender = openSender({ timeoutMs: 250 })
    const result = await sender.send(attemptTo(receiver.url))
    expect(result).toMatchObject({ kind: 'failed', error: 'timeout' })
    expect(result.durationMs).toBeLessThan(1_000)
    await expect.poll(() => receiver.open()).toBe(0)
  })

  test.each([
    ['10 GB', 'content-length: 10000000000', 'x'.repeat(65_536)],
    ['endless chunks of a byte', 'transfer-encoding: chunked', '1\r\nx\r\n'.repeat(8_192)],
  ])('R5 answers 200 with %s: delivered, cut off', async (_claim, header, chunk) => {
    await using receiver = await openRawReceiver(socket => {
      socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`)
      flood(socket, chunk)
    })
    await using sender = openSender()
    const result = await sender.send(attemptTo(receiver.url))
    expect(result).toMatchObject({ kind: 'answered', httpStatus: 200 })
    expect(result.durationMs).toBeLessThan(2_000)
    await expect.poll(() => receiver.open()).toBe(0)
  })

  test('R5 answers 200 and stalls after 17 KiB of its body: does not wait for the rest', async () => {
    await using receiver = await replying(`HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(17_000)}`)
    await using sender = openSender()
    const result = await sender.send(attemptTo(receiver.url))
    expect(result).toMatchObject({ kind: 'answered', httpStatus: 200, excerpt: 'x'.repeat(1_024) })
    expect(result.durationMs).toBeLessThan(2_000)
    await expect.poll(() => receiver.open()).toBe(0)
  })

  test.each(['gzip', 'br', 'zstd', Array(100).fill('gzip').join(', ')])(
    'R6 a body in %s is not decoded',
    async encoding => {
      const bomb = `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: 4\r\n\r\n\u001f\u008b\u0008\u0000`
      await using receiver = await replying(Buffer.from(bomb, 'latin1'))
      await using sender = openSender()
      expect(await sender.send(attemptTo(receiver.url))).toMatchObject({
        kind: 'answered',
        excerpt: '[compressed, not decoded]',
      })
    },
  )

  test.each([
    'SSH-2.0-OpenSSH_9.2\r\n',
    'HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok',
    '\u0000\u0000\u0012\u0004\u0000\u0000\u0000\u0000\u0000',
  ])('R8 answers %j: failed', async reply => {
    await using receiver = await replying(reply)
    await using sender = openSender({ timeoutMs: 2_000 })
    expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ kind: 'failed', error: 'protocol' })
  })

  test('R10 answers 200 before it reads the body: delivered', async () => {
    await using receiver = await openRawReceiver(
      () => {},
      socket => void socket.write(OK.replace('\r\n', '\r\nconnection: close\r\n')),
    )
    await using sender = openSender()
    for (let i = 0; i < 3; i++)
      expect(await sender.send(attemptTo(receiver.url, { body: 'x'.repeat(1_000_000) }))).toMatchObject({
        kind: 'answered',
        httpStatus: 200,
      })
  })

  test.each([301, 302, 303, 307, 308])('R12 redirects with %d: not followed', async status => {
    await using other = await replying(OK)
    await using receiver = await replying(
      `HTTP/1.1 ${status} Moved\r\nlocation: ${other.url}\r\nrefresh: 0;url=${other.url}\r\ncontent-length: 0\r\n\r\n`,
    )
    await using sender = openSender()
    expect(await sender.send(attemptTo(receiver.url))).toMatchObject({
      ...{ kind: 'answered', httpStatus: status, excerpt: `Location: ${other.url}\n` },
    })
    expect(other.connections()).toBe(0)
  })
})
