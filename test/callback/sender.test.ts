import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { attemptTo, openSender } from '../support/sender.ts'

const replying = (reply: string | Buffer) => openRawReceiver(socket => void socket.write(reply))

describe('why no answer came', () => {
  test('of a name that once led elsewhere is never told, wherever it leads later', async () => {
    await using receiver = await openRawReceiver(socket => void socket.destroy())
    const answers = [['93.184.215.14'], ['127.0.0.1']]
    const resolver = { resolve: async () => ({ ok: true as const, addresses: answers.shift() ?? [] }), close: () => {} }
    await using sender = openSender({ resolver, timeoutMs: 300 })
    for (let n = 0; n < 2; n++)
      expect(await sender.send(attemptTo(`http://a.example:${receiver.port}/`))).toMatchObject({
        kind: 'failed',
        isInside: false,
      })
  })
})

describe('sending', () => {
  test('posts the bytes it was given, with its own user agent and nothing a receiver could answer compressed', async () => {
    await using receiver = await replying(OK)
    await using sender = openSender()
    const result = await sender.send(attemptTo(`${receiver.url}?a=b`))
    expect(result).toEqual({
      kind: 'answered',
      httpStatus: 200,
      retryAfter: null,
      excerpt: 'ok',
      durationMs: expect.any(Number),
    })
    const [head, body] = receiver.requests[0]?.split('\r\n\r\n') ?? []
    expect(head?.split('\r\n')).toEqual([
      'POST /hook?a=b HTTP/1.1',
      `host: 127.0.0.1:${receiver.port}`,
      'connection: keep-alive',
      'user-agent: idface-notifier/test',
      'content-type: application/json',
      'webhook-id: msg_1',
      'webhook-attempt: 1',
      'content-length: 26',
    ])
    expect(Buffer.from(body ?? '', 'latin1').toString()).toBe('{"message":"认证成功"}')
  })

  test('tells what the receiver asks for in Retry-After', async () => {
    await using receiver = await replying('HTTP/1.1 429 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n')
    await using sender = openSender()
    expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ httpStatus: 429, retryAfter: '120' })
  })

  test('asks once more before the bytes leave, on a new connection and on a used one', async () => {
    await using receiver = await replying(OK)
    await using sender = openSender()
    const withdrawn = { kind: 'failed', error: 'local', detail: 'withdrawn' }
    const asked: number[] = []
    const mayStillSend = () => {
      asked.push(receiver.connections())
      return false
    }
    expect(await sender.send({ ...attemptTo(receiver.url), mayStillSend })).toMatchObject(withdrawn)
    await sender.send(attemptTo(receiver.url))
    expect(await sender.send({ ...attemptTo(receiver.url), mayStillSend })).toMatchObject(withdrawn)
    expect(asked).toHaveLength(2)
    expect(receiver.requests).toHaveLength(1)
    expect(await sender.send({ ...attemptTo(receiver.url), mayStillSend: () => true })).toMatchObject({
      httpStatus: 200,
    })
  })

  test('uses a connection again, but never that of another partner', async () => {
    await using receiver = await replying(OK)
    await using sender = openSender()
    for (let i = 0; i < 5; i++) await sender.send(attemptTo(receiver.url))
    expect(receiver.connections()).toBe(1)
    await sender.send(attemptTo(receiver.url, { partnerId: 'ptn_2' }))
    expect(receiver.connections()).toBe(2)
  })

  test('R22 uses a connection for a minute at most, so that a name that moved is followed', async () => {
    await using receiver = await replying(OK.replace('\r\n', '\r\nkeep-alive: timeout=60\r\n'))
    const clock = { ms: 0 }
    await using sender = openSender({ now: () => clock.ms })
    const connectionsAt: number[] = []
    for (clock.ms of [0, 20_000, 40_000, 59_999, 60_000]) {
      await sender.send(attemptTo(receiver.url))
      connectionsAt.push(receiver.connections())
    }
    expect(connectionsAt).toEqual([1, 1, 1, 1, 2])
    await expect.poll(() => receiver.open()).toBe(1)
  })

  test.each([
    ['http://10.0.0.1/', 'blocked'],
    ['http://[::1]/', 'blocked'],
    ['http://169.254.169.254/latest/meta-data/', 'blocked'],
    ['http://localhost/', 'blocked'],
    ['http://user@a.example/', 'url'],
    ['ftp://a.example/', 'url'],
    ['', 'url'],
  ])('M1 M3 judges the URL again: %s is %s', async (url, error) => {
    await using sender = openSender()
    expect(await sender.send(attemptTo(url))).toMatchObject({ kind: 'failed', error })
  })
})

describe('a connection that is used again', () => {
  test.each(['end', 'resetAndDestroy'] as const)(
    'R20 the receiver calls %s instead of a second answer: the same bytes once more, on a fresh connection',
    async how => {
      await using receiver = await openRawReceiver(
        (socket, index) => void (index === 1 ? socket[how]() : socket.write(OK)),
      )
      await using sender = openSender()
      await sender.send(attemptTo(receiver.url))
      expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ kind: 'answered', httpStatus: 200 })
      expect(receiver.requests).toHaveLength(3)
      expect(receiver.requests[2]).toBe(receiver.requests[1])
      expect(receiver.connections()).toBe(2)
    },
  )

  const POISON = 'HTTP/1.1 299 Poison\r\ncontent-length: 0\r\n\r\n'

  test('R21 a second answer that is waiting when the next request starts is not taken for its answer', async () => {
    const { promise: first, resolve } = Promise.withResolvers<Socket>()
    await using receiver = await openRawReceiver(socket => {
      socket.write(OK)
      resolve(socket)
    })
    await using sender = openSender()
    await sender.send(attemptTo(receiver.url))
    const socket = await first
    // In the same turn: the bytes are in the kernel when the connection is taken up again.
    await new Promise<void>(written => socket.write(POISON, () => written()))
    expect(await sender.send(attemptTo(receiver.url))).toMatchObject({ kind: 'answered', httpStatus: 200 })
  })
})
