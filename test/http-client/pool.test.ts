import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { ExchangeEnd } from '../../src/http-client/connection.ts'
import { createPool } from '../../src/http-client/pool.ts'
import { writeRequest } from '../../src/http-client/request.ts'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { createTime, LIMITS, openTo, textOf } from './harness.ts'

const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const receiver of closing.splice(0)) await receiver[Symbol.asyncDispose]()
})

const requestTo = (path: string) => writeRequest({ method: 'GET', path, host: 'x', headers: [], body: null })

/** A pool of `size` connections to a receiver, that keeps the sockets it is asked on until they are answered. */
const openPool = async (size: number, answer?: (socket: Socket, index: number) => void) => {
  const held: Socket[] = []
  const receiver = await openRawReceiver(answer ?? (socket => void held.push(socket)))
  closing.push(receiver)
  const time = createTime()
  let opened = 0
  const pool = createPool({
    open: (signal, onRead) => {
      opened++
      return openTo(receiver.port)(signal, onRead)
    },
    size,
    now: time.now,
    ticker: time.ticker,
    limits: LIMITS,
  })
  return {
    pool,
    receiver,
    held,
    time,
    opened: () => opened,
    paths: () => receiver.requests.map(request => request.split(' ')[1]),
    run: (path = '/', timeoutMs = 1_000) =>
      new Promise<ExchangeEnd>(resolve => pool.run(requestTo(path), timeoutMs, resolve)),
  }
}

describe('a pool', () => {
  test('opens no more connections than it may, and lets others wait in turn', async () => {
    const { run, paths, held, receiver, opened } = await openPool(3)
    const asked = Array.from({ length: 12 }, (_, at) => `/${at}`)
    const ended = Promise.all(asked.map(path => run(path)))
    await expect.poll(() => held.length).toBe(3)
    for (let answered = 0; answered < 12; answered++) {
      await expect.poll(() => held.length).toBe(Math.min(answered + 3, 12))
      expect(receiver.open()).toBe(3)
      held[answered]?.write(OK)
    }
    expect((await ended).map(textOf)).toEqual(Array(12).fill('ok'))
    expect(paths().slice(3)).toEqual(asked.slice(3))
    expect(paths().slice(0, 3).sort()).toEqual(asked.slice(0, 3))
    expect(opened()).toBe(3)
  })

  test('takes a free connection rather than a new one', async () => {
    const { run, opened } = await openPool(3, socket => void socket.write(OK))
    for (let i = 0; i < 5; i++) expect(textOf(await run())).toBe('ok')
    expect(opened()).toBe(1)
  })

  test('counts the waiting in', async () => {
    const { run, held, time, paths } = await openPool(1)
    const first = run('/first', 2_000)
    await expect.poll(() => held.length).toBe(1)
    const second = run('/second', 1_000)
    const third = run('/third', 3_000)
    time.pass(1_000)
    expect(await second).toMatchObject({ head: null, fault: { kind: 'timeout', isConnecting: false }, isUnsent: true })
    time.pass(1_000)
    expect(await first).toMatchObject({ fault: { kind: 'timeout' }, isUnsent: false })
    await expect.poll(() => held.length).toBe(2)
    // It has waited for two seconds of its three.
    time.pass(1_000)
    expect(await third).toMatchObject({ fault: { kind: 'timeout' }, isUnsent: false })
    expect(paths()).toEqual(['/first', '/third'])
  })

  test('repeats what was not sent on a connection that was closed meanwhile, and says nothing of it', async () => {
    const sockets: Socket[] = []
    const { pool, run, opened, paths } = await openPool(1, socket => {
      sockets.push(socket)
      socket.write(OK)
    })
    await run('/first')
    sockets[0]?.destroy()
    expect(await run('/second')).toMatchObject({ fault: null, isStale: false })
    expect([opened(), ...paths()]).toEqual([2, '/first', '/second'])
    await pool.close()
  })

  test('repeats it once only, and keeps to its size meanwhile', async () => {
    const sockets: Socket[] = []
    const { run, opened, receiver, paths } = await openPool(1, (socket, index) => {
      sockets.push(socket)
      if (index === 0) socket.write(OK)
      else socket.destroy()
    })
    await run('/first')
    sockets[0]?.destroy()
    const ended = Promise.all([run('/second'), run('/third')])
    for (const end of await ended) expect(end).toMatchObject({ head: null, fault: { kind: 'lost' }, isUnsent: false })
    expect([opened(), ...paths()]).toEqual([3, '/first', '/second', '/third'])
    await expect.poll(receiver.open).toBe(0)
  })

  test('repeats nothing that was sent', async () => {
    const { run, paths } = await openPool(
      1,
      (socket, index) => void (index === 0 ? socket.write(OK) : socket.destroy()),
    )
    await run('/first')
    expect(await run('/second')).toMatchObject({ fault: { kind: 'lost' }, isStale: true, isUnsent: false })
    expect(paths()).toEqual(['/first', '/second'])
  })

  test('serves from within what is told of an end', async () => {
    const { pool, opened } = await openPool(1, socket => void socket.write(OK))
    const ends = await new Promise<ExchangeEnd[]>(resolve => {
      const told: ExchangeEnd[] = []
      const tell = (end: ExchangeEnd) => {
        if (told.push(end) === 5) resolve(told)
        else pool.run(requestTo('/'), 1_000, tell)
      }
      pool.run(requestTo('/'), 1_000, tell)
    })
    expect(ends.map(textOf)).toEqual(Array(5).fill('ok'))
    expect(opened()).toBe(1)
  })

  test('has no connection left when nothing was asked for a while', async () => {
    const { run, held, time, receiver } = await openPool(3)
    const ended = Promise.all([run(), run(), run()])
    await expect.poll(() => held.length).toBe(3)
    for (const socket of held) socket.write(OK)
    await ended
    expect(receiver.open()).toBe(3)
    time.pass(4_000)
    await expect.poll(receiver.open).toBe(0)
    expect(time.listeners.size).toBe(0)
  })
})

describe('a pool that closes', () => {
  test('waits for what is under way and for what waits, refuses the rest, and leaves no connection', async () => {
    const { pool, run, held, receiver, time } = await openPool(1)
    const ended = [run('/first'), run('/second')]
    await expect.poll(() => held.length).toBe(1)
    let isClosed = false
    const closed = Promise.all([pool.close(), pool.close()]).then(() => {
      isClosed = true
    })
    expect(await run('/late')).toMatchObject({ fault: { kind: 'closed' }, isUnsent: true })
    held[0]?.write(OK)
    await expect.poll(() => held.length).toBe(2)
    expect(isClosed).toBe(false)
    held[1]?.write(OK)
    await closed
    expect((await Promise.all(ended)).map(textOf)).toEqual(['ok', 'ok'])
    await expect.poll(receiver.open).toBe(0)
    expect(receiver.requests).toHaveLength(2)
    expect(time.listeners.size).toBe(0)
  })

  test('closes at once when nothing is under way', async () => {
    const { pool, run, receiver } = await openPool(2, socket => void socket.write(OK))
    await run()
    await pool.close()
    await expect.poll(receiver.open).toBe(0)
  })

  test('does not wait for one whose time is out', async () => {
    const { pool, run, held, time } = await openPool(1)
    const ended = [run('/first'), run('/second')]
    await expect.poll(() => held.length).toBe(1)
    const closed = pool.close()
    time.pass(1_000)
    await closed
    expect((await Promise.all(ended)).map(({ fault }) => fault?.kind)).toEqual(['timeout', 'timeout'])
  })
})
