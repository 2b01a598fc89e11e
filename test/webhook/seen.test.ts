import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { WebhookEvent } from '../../src/webhook/index.ts'
import { listen } from './support.ts'

/** The table that docs/verify.md has. */
const openTable = () => {
  const db = new Database(':memory:')
  db.exec('create table webhooks (id text primary key, at text not null default current_timestamp)')
  return {
    has: db.prepare<[string]>('select 1 from webhooks where id = ?'),
    add: db.prepare<[string]>('insert into webhooks (id) values (?) on conflict do nothing'),
    transaction: <T>(run: (event: WebhookEvent) => T) => db.transaction(run),
    [Symbol.dispose]: () => db.close(),
  }
}

describe('a webhook that comes twice', () => {
  test('is handled once by processes that share a table', async () => {
    using db = openTable()
    const seen = {
      has: (id: string) => db.has.get(id) !== undefined,
      add: (id: string) => db.add.run(id),
    }
    const [one, other] = [listen({ seen }), listen({ seen })]
    expect(await one.post()).toEqual([204, ''])
    expect(await other.post()).toEqual([204, ''])
    expect([one.events.length, other.events.length]).toEqual([1, 0])
  })

  test('is handled once where onEvent writes the id with its own work, even if the process dies in between', async () => {
    using db = openTable()
    const passed: string[] = []
    const died = [true, false]
    const onEvent = db.transaction(({ id }: WebhookEvent) => {
      if (db.add.run(id).changes === 0) return
      if (died.shift()) throw new Error('killed')
      passed.push(id)
    })
    const { post } = listen({ onEvent })
    for (const status of [500, 204, 204]) expect(await post()).toEqual([status, expect.any(String)])
    expect(passed).toEqual(['msg_01'])
  })

  test('is handled once where both come at a time, and both get the answer', async () => {
    const gate = Promise.withResolvers<void>()
    const runs: string[] = []
    const onEvent = ({ id }: WebhookEvent) => {
      runs.push(id)
      return gate.promise
    }
    const { post } = listen({ onEvent, seen: new Set<string>() })
    const both = [post(), post()]
    await expect.poll(() => runs).toEqual(['msg_01'])
    gate.reject(new Error('the database is down'))
    expect((await Promise.all(both)).map(([status]) => status)).toEqual([500, 500])
    expect(await post()).toEqual([500, expect.anything()])
    expect(runs).toEqual(['msg_01', 'msg_01'])
  })
})
