import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/core/duration.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { findInTables, readTables } from '../privacy/support/tables.ts'
import { openFolder } from '../support/service.ts'
import { first, openStoreFixture, SUCCESS } from '../support/store.ts'

const onFile = <T>(path: string, use: (file: Database.Database) => T): T => {
  const file = new Database(path)
  try {
    return use(file)
  } finally {
    file.close()
  }
}

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
  const bench = stack.use(await openStoreFixture(openStore))
  return {
    ...bench,
    path,
    /** Changes the file beside the store. */
    change: (statement: string, ...values: unknown[]) => onFile(path, file => file.prepare(statement).run(...values)),
    select: (query: string) => onFile(path, file => file.prepare(query).pluck().get()),
    /** Erases what ended more than `ms` ago, `limit` at most. */
    prune: (ms: number, limit = 1_000) => bench.store.prune(clock.now - ms, limit),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

describe('retention', () => {
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
    await bench.claimMessages()
    expect(findInTables(bench.path, markers)).toEqual([])
    expect(readTables(bench.path).attempts).toBe('')
  })

  const FAIL = {
    kind: 'verdict',
    code: 2,
    verdict: { status: 'FAIL', message: null, livingScore: null, similarity: null },
  } as const

  test('keeps a URL that answered 410 paused while messages are held for it', async () => {
    await using bench = await open()
    const one = await bench.register()
    await bench.poll(FAIL)
    const claimed = first(await bench.claimMessages({ slots: 1 }))
    await bench.store.settleMessages([bench.received(claimed, 410)])
    // To register the URL again would lift the pause, so this one is from before it.
    const two = await bench.register({ callbackUrl: 'https://partner.example/other' })
    bench.change('UPDATE registrations SET callback_url = ? WHERE id = ?', one.callbackUrl, two.id)
    bench.advance(2 * DAY)
    await bench.poll(FAIL)
    expect(await bench.claimMessages()).toEqual([])
    expect(await bench.prune(DAY)).toBe(1)
    expect(await bench.claimMessages()).toEqual([])
    expect((await bench.store.explain(bench.partnerId, two.id))?.heldSince).not.toBeNull()
  })

  test('erases what was held for a URL that answered 410, and the pause with it', async () => {
    await using bench = await open()
    const [one, two] = [await bench.register(), await bench.register()]
    await bench.poll(FAIL)
    await bench.store.settleMessages([bench.received(first(await bench.claimMessages({ slots: 1 })), 410)])
    expect(await bench.claimMessages()).toEqual([])
    bench.advance(2 * DAY)
    expect(await bench.prune(DAY)).toBe(2)
    for (const { id } of [one, two]) expect(await bench.store.findRegistration(bench.partnerId, id)).toBeNull()
    expect(await bench.claimMessages()).toEqual([])
    expect(readTables(bench.path).callbacks).toBe('')
  })

  test('takes hosts with it, so that the quota counts those that there are', async () => {
    await using bench = await open()
    await bench.store.changePartner(bench.partnerId, { quotas: { hosts: 2 } })
    const hostsOf = async () => (await bench.store.usageOf(bench.partnerId)).hosts
    await bench.resolve({ callbackUrl: 'https://a.example/1' })
    await bench.resolve({ callbackUrl: 'https://a.example/2' })
    await bench.deliver(200)
    bench.advance(2 * DAY)
    await bench.resolve({ callbackUrl: 'https://b.example/' })
    await bench.deliver(200)
    const [refused] = await bench.store.register([bench.newRegistration({ callbackUrl: 'https://c.example/' })])
    expect(refused?.outcome).toBe('over_quota')
    expect(await bench.prune(DAY, 1)).toBe(1)
    expect(await hostsOf()).toBe(2)
    expect(await bench.prune(DAY)).toBe(1)
    expect(await hostsOf()).toBe(1)
    await bench.resolve({ callbackUrl: 'https://a.example/3' })
    expect(await bench.deliver(200)).toBe(1)
  })
})
