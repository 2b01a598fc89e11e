import type { Socket } from 'node:net'
import { setImmediate as yieldToLoop } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Open } from '../../src/http-client/connection.ts'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { createWatched, openTo, REQUEST, textOf } from './harness.ts'

const HEAD = 'HTTP/1.1 200 OK\r\n'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const receiver of closing.splice(0)) await receiver[Symbol.asyncDispose]()
})

/** A receiver, its sockets, and a connection to it. */
const openPair = async (
  answer: (socket: Socket, index: number) => void = socket => void socket.write(OK),
  options: Parameters<typeof createWatched>[1] = {},
) => {
  const sockets: Socket[] = []
  const asked = Promise.withResolvers<Socket>()
  const receiver = await openRawReceiver(
    (socket, index) => {
      answer(socket, index)
      asked.resolve(socket)
    },
    socket => sockets.push(socket),
  )
  closing.push(receiver)
  let ours: Socket | null = null
  const open: Open = async opening => {
    ours = await openTo(receiver.port)(opening)
    return ours
  }
  const bytesRead = () => ours?.bytesRead
  return { receiver, sockets, bytesRead, asked: asked.promise, ...createWatched(open, options) }
}

describe('an exchange', () => {
  test('gives head and body, and frees the connection for the next', async () => {
    const { run, receiver, events } = await openPair()
    for (const _of of [1, 2, 3]) {
      const end = await run()
      expect(end).toMatchObject({ head: { status: 200 }, fault: null, isStale: false, isUnsent: false })
      expect(textOf(end)).toBe('ok')
    }
    expect(receiver.connections()).toBe(1)
    expect(events).toEqual(['free', 'free', 'free'])
  })

  test('times out while it connects, and destroys a socket that comes too late', async () => {
    const receiver = await openRawReceiver()
    closing.push(receiver)
    const late = Promise.withResolvers<Socket>()
    const signals: AbortSignal[] = []
    const { run, time, events } = createWatched(({ signal }) => {
      signals.push(signal)
      return late.promise
    })
    const ended = run(REQUEST, 1_000)
    time.pass(999)
    expect(signals[0]?.aborted).toBe(false)
    time.pass(1)
    expect(await ended).toMatchObject({ head: null, fault: { kind: 'timeout', phase: 'connect' }, isUnsent: true })
    expect(signals[0]?.aborted).toBe(true)
    const socket = await openTo(receiver.port)({ signal: new AbortController().signal, onRead: () => {} })
    late.resolve(socket)
    await yieldToLoop()
    expect(socket.destroyed).toBe(true)
    expect(events).toEqual(['gone'])
  })

  test.each([
    ['bodyMs', 1_000, 500],
    ['timeoutMs', 300, 300],
  ])('times out in the body, by %s', async (_claim, timeoutMs, passes) => {
    const half = `${HEAD}content-length: 10\r\n\r\nhalf`
    const { run, bytesRead, time, events, receiver } = await openPair(socket => void socket.write(half))
    const ended = run(REQUEST, timeoutMs)
    await expect.poll(bytesRead).toBe(half.length)
    time.pass(passes - 1)
    expect(events).toEqual([])
    time.pass(1)
    expect(events).toEqual(['gone'])
    expect(await ended).toMatchObject({ head: { status: 200 }, fault: { kind: 'timeout', phase: 'response' } })
    await expect.poll(receiver.open).toBe(0)
  })

  test.each([
    ['a length', `content-length: 101\r\n\r\n${'x'.repeat(101)}`],
    ['chunks', `transfer-encoding: chunked\r\n\r\n${chunk('x'.repeat(100))}${chunk('x')}`],
    ['neither', `x: y\r\n\r\n${'x'.repeat(101)}`],
  ])('refuses a body over the limit, with %s, and keeps its start', async (_claim, rest) => {
    const { run, receiver } = await openPair(socket => void socket.write(HEAD + rest))
    const end = await run()
    expect(end).toMatchObject({ head: { status: 200 }, fault: { kind: 'too_large' } })
    expect(textOf(end)).toBe('x'.repeat(10))
    await expect.poll(receiver.open).toBe(0)
  })

  test.each<[how: 'end' | 'resetAndDestroy', text: string, fault: object | null]>([
    ['end', `${HEAD}\r\nok`, null],
    ['resetAndDestroy', `${HEAD}\r\nok`, { kind: 'lost', code: 'ECONNRESET' }],
    ['end', `${HEAD}content-length: 3\r\n\r\nok`, { kind: 'lost', code: null }],
    ['resetAndDestroy', `${HEAD}content-length: 3\r\n\r\nok`, { kind: 'lost', code: 'ECONNRESET' }],
    ['end', `${HEAD}transfer-encoding: chunked\r\n\r\n${chunk('ok')}0\r\n`, { kind: 'lost', code: null }],
  ])('in which the peer calls %s after %j', async (how, text, fault) => {
    const { run, events, bytesRead, sockets } = await openPair(socket => void socket.write(text))
    const ended = run()
    // A reset discards unread bytes.
    await expect.poll(bytesRead).toBe(text.length)
    sockets[0]?.[how]()
    const end = await ended
    expect(end).toMatchObject({ head: { status: 200 }, isStale: false })
    expect([end.fault, textOf(end)]).toEqual([fault, 'ok'])
    expect(events).toEqual(['gone'])
  })
})

describe('close', () => {
  test('ends the exchange under way, once', async () => {
    const { run, connection, asked, events, receiver } = await openPair(() => {})
    const ended = run()
    await asked
    connection.close()
    connection.close()
    expect(await ended).toMatchObject({ head: null, fault: { kind: 'closed' }, isUnsent: false, isStale: false })
    expect(events).toEqual(['gone'])
    await expect.poll(receiver.open).toBe(0)
  })
})
