import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/core/duration.ts'
import { Secret } from '../../src/core/secret.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { findInTables, readTables } from '../privacy/support/tables.ts'
import { openFolder } from '../support/service.ts'
import { first, openBench, SUCCESS } from '../support/store.ts'

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
  const bench = stack.use(await openBench(openStore))
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
    await bench.claimMessages()
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

  test('erases what was given up because it could not be decrypted', async () => {
    await using bench = await open()
    const { id } = await bench.resolve()
    bench.change("UPDATE messages SET body = x'0011'")
    expect(await bench.claimMessages()).toEqual([])
    expect(await bench.prune(DAY)).toBe(0)
    bench.advance(2 * DAY)
    expect(await bench.prune(DAY)).toBe(1)
    expect(await bench.store.findRegistration(bench.partnerId, id)).toBeNull()
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

  test('takes secrets that have ended with it, and no others', async () => {
    await using bench = await open()
    const rotate = (overlapMs: number) => {
      const secret = { id: bench.newId('secret'), type: 'v1' as const, text: new Secret('whsec_bmV3') }
      return bench.store.rotateSigningSecret(bench.partnerId, secret, overlapMs)
    }
    await rotate(HOUR)
    bench.advance(2 * DAY)
    await rotate(HOUR)
    expect(await bench.prune(DAY)).toBe(0)
    expect(bench.select('SELECT count(*) FROM signing_secrets')).toBe(2)
  })
})
