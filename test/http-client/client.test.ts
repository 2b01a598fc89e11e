import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Origin } from '../../src/core/origin.ts'
import { type Connect, type Exchange, openClient } from '../../src/http-client/client.ts'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { createTime, LIMITS, textOf } from './harness.ts'

const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const receiver of closing.splice(0)) await receiver[Symbol.asyncDispose]()
})

const requestFor = (path: string) => ({ method: 'GET', path, headers: [], body: null }) as const

interface Settings {
  retries?: 'unsent' | 'unanswered'
  answer?: (socket: Socket, index: number) => void
  connect?: Connect<Origin>
}

/** A client and a receiver, which without an `answer` holds the requests until the test answers. */
const openPair = async ({ retries = 'unsent', answer, connect }: Settings = {}) => {
  const held: Socket[] = []
  const accepted: Socket[] = []
  const receiver = await openRawReceiver(answer ?? (socket => void held.push(socket)), socket => accepted.push(socket))
  closing.push(receiver)
  const time = createTime()
  let opened = 0
  const client = openClient<Origin>({
    connect: (origin, opening) => {
      opened++
      return connect ? connect(origin, opening) : opening.openTcp()
    },
    limits: LIMITS,
    retries,
    clock: time.clock,
  })
  const origin: Origin = { protocol: 'http:', hostname: '127.0.0.1', port: receiver.port, host: `x:${receiver.port}` }
  return {
    client,
    receiver,
    held,
    accepted,
    time,
    opened: () => opened,
    paths: () => receiver.requests.map(request => request.split(' ')[1]),
    send: (path = '/', { key = 'a', timeoutMs = 1_000 } = {}): Promise<Exchange> =>
      client.send({ key, origin }, requestFor(path), timeoutMs),
  }
}

const ok = (socket: Socket) => void socket.write(OK)

describe('a client', () => {
  test('names the host, and takes a free connection rather than a new one', async () => {
    const { send, opened, receiver } = await openPair({ answer: ok })
    for (let i = 0; i < 5; i++) expect(textOf(await send('/a?b'))).toBe('ok')
    expect(opened()).toBe(1)
    expect(receiver.requests[0]).toBe(`GET /a?b HTTP/1.1\r\nhost: x:${receiver.port}\r\nconnection: keep-alive\r\n\r\n`)
  })

  test('shares no connection between keys, and a key whose peer hangs holds up no other', async () => {
    const { send, opened } = await openPair({
      answer: (socket, index) => void (index > 0 && socket.write(OK)),
    })
    const hanging = send('/', { key: 'a' })
    for (let i = 0; i < 3; i++) expect(textOf(await send('/', { key: 'b' }))).toBe('ok')
    expect(opened()).toBe(2)
    await Promise.race([hanging.then(() => expect.unreachable()), Promise.resolve()])
  })

  test('keeps at most 1024 idle connections', async () => {
    const { send, receiver } = await openPair({ answer: ok })
    for (let at = 0; at < 1_025; at++) await send('/', { key: `${at}` })
    await expect.poll(receiver.open).toBe(1_024)
    await send('/', { key: '0' })
    expect(receiver.connections()).toBe(1_025)
  })
})

describe('a request on a reused connection that the peer has closed', () => {
  test.each(['unsent', 'unanswered'] as const)('before a byte was sent is sent once more (%s)', async retries => {
    const { send, opened, paths, accepted } = await openPair({ retries, answer: ok })
    await send('/first')
    accepted[0]?.destroy()
    expect(await send('/second')).toMatchObject({ fault: null })
    expect([opened(), ...paths()]).toEqual([2, '/first', '/second'])
  })

  test.each([
    ['unsent', { head: null, fault: { kind: 'lost' } }, ['/first', '/second']],
    ['unanswered', { fault: null }, ['/first', '/second', '/second']],
  ] as const)('after it was sent: %s', async (retries, end, paths) => {
    const pair = await openPair({
      retries,
      answer: (socket, index) => void (index === 1 ? socket.destroy() : socket.write(OK)),
    })
    await pair.send('/first')
    expect(await pair.send('/second')).toMatchObject(end)
    expect(pair.paths()).toEqual(paths)
  })
})

describe('a client that is closed', () => {
  test('ends what is under way, refuses what comes, and leaves no connection and no timer', async () => {
    const { client, send, held, receiver, time } = await openPair()
    const ended = [send('/first'), send('/second')]
    await expect.poll(() => held.length).toBe(2)
    client.close()
    client.close()
    ended.push(send('/late'))
    for (const end of await Promise.all(ended)) expect(end).toMatchObject({ head: null, fault: { kind: 'closed' } })
    await expect.poll(receiver.open).toBe(0)
    expect(receiver.requests).toHaveLength(2)
    time.pass(50)
    await expect.poll(time.sleeping).toBe(0)
  })
})
