import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/core/duration.ts'
import { mayErase } from '../../src/store/retention.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { findInTables, readTables } from '../privacy/support/tables.ts'
import { openFolder } from '../support/service.ts'
import { first, openBench, SUCCESS } from '../support/store.ts'

const open = async () => {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder())
  const path = join(folder.path, 'notifier.db')
  const clock = { now: Date.parse('2026-11-24T08:00:00Z') }
  const openStore = async ({ rate }: { rate: number }) => ({
    store: await openSqliteStore({ path, masterKey: randomBytes(32), now: () => clock.now, defaultRate: rate }),
    advance: (ms: number) => {
      clock.now += ms
    },
  })
  const bench = stack.use(await openBench(openStore))
  return {
    ...bench,
    path,
    /** Erases what ended more than `ms` ago, `limit` at most. */
    prune: (ms: number, limit = 1_000) => bench.store.prune(clock.now - ms, limit),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

describe('what may be erased', () => {
  const ended = { id: 'reg_1', resolvedAt: 100, messageState: 'delivered' } as const

  test('ended before the time that is given', () => {
    expect(mayErase(ended, 101)).toBe(true)
    expect(mayErase(ended, 100)).toBe(false)
    expect(mayErase({ ...ended, resolvedAt: null, messageState: null }, 101)).toBe(false)
  })

  test('has no message that waits to be sent', () => {
    expect(mayErase({ ...ended, messageState: 'pending' }, 101)).toBe(false)
    expect(mayErase({ ...ended, messageState: 'exhausted' }, 101)).toBe(true)
    expect(mayErase({ ...ended, messageState: null }, 101)).toBe(true)
  })
})

describe('retention', () => {
  test('erases in batches of the size it is told, the oldest first', async () => {
    await using bench = await open()
    const old: string[] = []
    for (let i = 0; i < 5; i++) {
      old.push((await bench.resolve()).id)
      await bench.deliver(200)
      bench.advance(HOUR)
    }
    bench.advance(DAY)
    expect(await bench.prune(HOUR, 2)).toBe(2)
    expect(await bench.store.findRegistration(bench.partnerId, old[0] ?? '')).toBeNull()
    expect(await bench.store.findRegistration(bench.partnerId, old[1] ?? '')).toBeNull()
    await bench.find(old[2] ?? '')
    expect([await bench.prune(HOUR, 2), await bench.prune(HOUR, 2), await bench.prune(HOUR, 2)]).toEqual([2, 1, 0])
  })

  test('keeps what still waits for a verdict or to be sent, however old', async () => {
    await using bench = await open()
    const unsent = await bench.resolve()
    await bench.deliver(500)
    const waiting = await bench.register()
    bench.advance(300 * DAY)
    expect(await bench.prune(DAY)).toBe(0)
    await bench.find(waiting.id)
    await bench.deliver(200)
    expect((await bench.find(unsent.id)).delivery.state).toBe('delivered')
    expect(await bench.prune(DAY)).toBe(1)
  })

  test('finds what may be erased behind any number that is kept, again and again', { timeout: 30_000 }, async () => {
    await using bench = await open()
    const kept = Array.from({ length: 1_100 }, (_, n) =>
      bench.newRegistration({ idcardid: 'kept', callbackUrl: `https://partner.example/${n}` }),
    )
    await bench.store.register(kept)
    await bench.poll(SUCCESS)
    bench.advance(HOUR)
    for (let n = 0; n < 2; n++) {
      const { id } = await bench.register()
      await bench.store.cancel(bench.partnerId, id)
      bench.advance(2 * DAY)
      expect(await bench.prune(DAY)).toBe(1)
      expect(await bench.prune(DAY)).toBe(0)
    }
    const message = first(await bench.claimMessages({ slots: 1 }))
    await bench.store.settleMessages([bench.received(message, 200)])
    expect(await bench.prune(DAY)).toBe(1)
    expect(await bench.store.findRegistration(bench.partnerId, message.registrationId)).toBeNull()
  })

  test('gives the serial free with the last registration of it, not before', async () => {
    await using bench = await open()
    const idcardid = 'a-serial'
    await bench.resolve({ idcardid })
    await bench.deliver(200)
    bench.advance(2 * DAY)
    await bench.register({ idcardid, callbackUrl: 'https://partner.example/second' })
    await bench.deliver(200)
    const other = await bench.addPartner('other')
    const registerAsOther = async () => {
      const [registered] = await bench.store.register([bench.newRegistration({ partnerId: other, idcardid })])
      return registered?.outcome
    }
    expect(await bench.prune(DAY)).toBe(1)
    expect(await registerAsOther()).toBe('taken')
    bench.advance(2 * DAY)
    expect(await bench.prune(DAY)).toBe(1)
    expect(await registerAsOther()).toBe('created')
  })

  test('leaves no row that names the registration, its serial, its callback or its metadata', async () => {
    await using bench = await open()
    const gone = await bench.resolve({
      idcardid: 'serial-to-erase',
      callbackUrl: 'https://partner.example/path-to-erase?key=query-to-erase',
      metadata: { note: 'metadata-to-erase' },
    })
    await bench.deliver(410)
    const markers = [gone.id, 'serial-to-erase', 'path-to-erase', 'query-to-erase', 'metadata-to-erase']
    expect(findInTables(bench.path, markers)).not.toEqual([])
    bench.advance(2 * DAY)
    expect(await bench.prune(DAY)).toBe(1)
    expect(findInTables(bench.path, markers)).toEqual([])
    expect(readTables(bench.path).attempts).toBe('')
  })

  test('leaves no attempt behind that ends after its message was erased', async () => {
    await using bench = await open()
    const registration = await bench.resolve()
    const [claimed] = [first(await bench.claimMessages())]
    await bench.store.cancel(bench.partnerId, registration.id)
    bench.advance(2 * DAY)
    expect(await bench.prune(DAY)).toBe(1)
    await bench.store.settleMessages([bench.received(claimed, 200)])
    expect(readTables(bench.path).attempts).toBe('')
  })

  test('keeps a URL that answered 410 paused while messages are held for it', async () => {
    await using bench = await open()
    const [one, two] = [await bench.register(), await bench.register()]
    await bench.poll({
      kind: 'verdict',
      code: 2,
      verdict: { status: 'FAIL', message: null, livingScore: null, similarity: null },
    })
    const claimed = first(await bench.claimMessages({ slots: 1 }))
    await bench.store.settleMessages([bench.received(claimed, 410)])
    expect(await bench.claimMessages()).toEqual([])
    bench.advance(2 * DAY)
    expect(await bench.prune(DAY)).toBe(1)
    expect(await bench.claimMessages()).toEqual([])
    const held = claimed.registrationId === one.id ? two : one
    expect((await bench.store.explain(bench.partnerId, held.id))?.heldSince).not.toBeNull()
  })
})
