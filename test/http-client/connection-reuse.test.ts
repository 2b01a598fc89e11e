import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { createWatched, openTo } from './harness.ts'

const TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
const withHeader = (line: string) => OK.replace('\r\n', `\r\n${line}\r\n`)

const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const receiver of closing.splice(0)) await receiver[Symbol.asyncDispose]()
})

/** A receiver and a connection to it that has served once, with the sockets of both sides. */
const openServed = async (answer: (socket: Socket, index: number) => void = socket => void socket.write(OK)) => {
  const [theirs, ours] = [Promise.withResolvers<Socket>(), Promise.withResolvers<Socket>()]
  const receiver = await openRawReceiver(answer, theirs.resolve)
  closing.push(receiver)
  const watched = createWatched(async opening => {
    const socket = await openTo(receiver.port)(opening)
    ours.resolve(socket)
    return socket
  })
  const first = await watched.run()
  return { receiver, first, theirs: await theirs.promise, ours: await ours.promise, ...watched }
}

describe('an idle connection', () => {
  test.each<[hint: string, idleMs: number]>([
    ['x: y', 4_000],
    ['keep-alive: timeout=5', 4_000],
    ['keep-alive: timeout=2', 1_000],
    ['keep-alive: max=100, TIMEOUT=10', 9_000],
    ['keep-alive: timeout=31', 30_000],
    ['keep-alive: timeout=999999999', 30_000],
    ['keep-alive: timeout=-5', 4_000],
    ['keep-alive: notimeout=9', 4_000],
  ])('with %j is kept for %d ms', async (hint, idleMs) => {
    const { receiver, events, time } = await openServed(socket => void socket.write(withHeader(hint)))
    time.pass(idleMs - 1)
    expect(events).toEqual(['free'])
    time.pass(1)
    expect(events).toEqual(['free', 'gone'])
    await expect.poll(receiver.open).toBe(0)
  })

  test.each<[claim: string, act: (socket: Socket) => void]>([
    ['closes', socket => socket.end()],
    ['resets', socket => socket.resetAndDestroy()],
    ['sends a 408', socket => socket.write(TIMEOUT)],
    ['sends a byte', socket => socket.write('\n')],
  ])('is gone when the peer %s', async (_claim, act) => {
    const { events, theirs, gone } = await openServed()
    act(theirs)
    await gone
    expect(events).toEqual(['free', 'gone'])
  })
})

describe('a connection that is used again', () => {
  test.each<[claim: string, act: (socket: Socket) => void, fault: object]>([
    ['closes', socket => socket.destroy(), { kind: 'lost' }],
    ['resets', socket => socket.resetAndDestroy(), { kind: 'lost', code: 'ECONNRESET' }],
    ['answers unasked', socket => socket.write(OK), { kind: 'protocol', detail: 'unasked' }],
    ['times out with 408', socket => socket.write(TIMEOUT), { kind: 'protocol', detail: 'unasked' }],
  ])('and that the peer %s at that moment is stale, and the request unsent', async (_claim, act, fault) => {
    const { run, receiver, theirs, ours } = await openServed()
    const before = ours.bytesWritten
    act(theirs)
    expect(await run()).toMatchObject({ head: null, fault, isStale: true, isUnsent: true })
    expect(ours.bytesWritten).toBe(before)
    expect(receiver.requests).toHaveLength(1)
  })

  test('and that the peer closes when the request arrives is stale, though the request was sent', async () => {
    const { run } = await openServed((socket, index) => void (index === 0 ? socket.write(OK) : socket.destroy()))
    expect(await run()).toMatchObject({ head: null, fault: { kind: 'lost' }, isStale: true, isUnsent: false })
  })
})
