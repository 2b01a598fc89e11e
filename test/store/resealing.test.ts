import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { afterResealing, FIRST_RESEAL_PLACE, resealAll } from '../../src/store/resealing.ts'
import { createSealed } from '../../src/store/sealed.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { ResealPlace } from '../../src/store/store.ts'
import { createVault } from '../../src/store/vault.ts'
import { openFolder } from '../support/service.ts'
import { openBench } from '../support/store.ts'

const [OLD, NEW, LOST] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const MANY = 1_000

describe('where a change of the master key goes on', () => {
  const COLUMNS = 3

  test('after the last row it has looked at, and in the next column where there is none', () => {
    const place = { column: 0, after: 'a', moved: 1 }
    expect(afterResealing(place, { moved: 2, last: 'f' }, COLUMNS)).toEqual({ column: 0, after: 'f', moved: 3 })
    expect(afterResealing(place, { moved: 2, last: null }, COLUMNS)).toEqual({ column: 1, after: null, moved: 3 })
  })

  test('from the beginning until a pass moves nothing, then with the canary, and then it has ended', () => {
    const before = { column: 1, after: null, moved: 0 }
    expect(afterResealing(before, { moved: 1, last: null }, COLUMNS)).toEqual(FIRST_RESEAL_PLACE)
    expect(afterResealing({ ...before, moved: 4 }, { moved: 0, last: null }, COLUMNS)).toEqual(FIRST_RESEAL_PLACE)
    expect(afterResealing(before, { moved: 0, last: null }, COLUMNS)).toEqual({ column: 2, after: null, moved: 0 })
    expect(afterResealing({ ...before, column: 2 }, { moved: 1, last: null }, COLUMNS)).toBeNull()
  })
})

/** A file under the old key with many signing secrets. */
const openOld = async () => {
  const folder = await openFolder()
  const path = join(folder.path, 'notifier.db')
  const openWith = (masterKey: Buffer, previousKey?: Buffer) =>
    openSqliteStore({ path, masterKey, previousKey, now: () => 1_000, defaultRate: 1_000 })
  const bench = await openBench(async () => ({ store: await openWith(OLD), advance: () => {} }))
  const { id, partnerId } = await bench.resolve({ metadata: { order: '42' } })
  await bench[Symbol.asyncDispose]()
  const file = new Database(path)
  const add = (key: Buffer, secretId: string) => {
    const { signingSecret } = createSealed(createVault(randomBytes, key))
    const row = { id: secretId, partnerId: 'ptn_many' }
    const values = [row.id, row.partnerId, signingSecret.seal(row, new Secret('text'))]
    file
      .prepare("INSERT INTO signing_secrets (id, partner_id, type, secret, created_at) VALUES (?, ?, 'v1', ?, 0)")
      .run(values)
  }
  file.transaction(() => {
    for (let n = 0; n < MANY; n++) add(OLD, `sec_${String(n).padStart(5, '0')}`)
  })()
  return {
    ...{ file, add, openWith, id, partnerId },
    [Symbol.asyncDispose]: async () => {
      file.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('a change of the master key', () => {
  test('looks at each row twice, however small its batches: it does not begin at the top of a table with each', async () => {
    await using old = await openOld()
    const store = await old.openWith(NEW, OLD)
    let batches = 0
    const pauses = { taken: 0 }
    const { moved } = await resealAll(
      (place, limit) => {
        batches++
        return store.reseal(place, limit)
      },
      {
        size: 10,
        pause: async () => {
          pauses.taken++
        },
      },
    )
    await store.close()
    expect(moved).toBe(MANY + 6)
    expect(batches).toBeLessThan((2 * MANY) / 10 + 20)
    expect(pauses.taken).toBeLessThan(MANY / 10 + 10)
  })

  test('goes on past what opens under neither key, and names it', async () => {
    await using old = await openOld()
    old.add(LOST, 'sec_00500_lost')
    old.file.prepare("UPDATE messages SET body = x'00112233'").run()
    const store = await old.openWith(NEW, OLD)
    expect(await resealAll(store.reseal, { size: 100, pause: async () => {} })).toEqual({
      moved: MANY + 5,
      unreadable: [
        { table: 'signing_secrets', id: 'sec_00500_lost' },
        { table: 'messages', id: old.id },
      ],
    })
    await store.close()
    const alone = await old.openWith(NEW)
    expect(await alone.findRegistration(old.partnerId, old.id)).toMatchObject({
      verdict: { status: 'SUCCESS' },
      metadata: { order: '42' },
    })
    await alone.close()
  })

  test('also moves what is written under the earlier key behind it, before the canary says that all is moved', async () => {
    await using old = await openOld()
    const store = await old.openWith(NEW, OLD)
    let place: ResealPlace | null = null
    do {
      const { next } = await store.reseal(place, 100)
      // Its column has been passed.
      if (next?.column === 2 && place?.column === 1 && next.moved > MANY) old.add(OLD, 'aaa_late')
      place = next
    } while (place !== null)
    await store.close()
    const left = old.file.prepare('SELECT count(*) FROM signing_secrets WHERE substr(secret, 1, 4) = ?').pluck()
    expect(left.get(Buffer.from(createVault(randomBytes, OLD).keyId, 'hex'))).toBe(0)
  })

  test('does not undo what was changed between its look and its write', async () => {
    await using old = await openOld()
    const store = await old.openWith(NEW, OLD)
    const batch = store.reseal({ column: 1, after: null, moved: 0 }, 10)
    old.file.prepare("UPDATE signing_secrets SET secret = x'' WHERE id = 'sec_00003'").run()
    const { moved } = await batch
    const after = old.file.prepare("SELECT length(secret) FROM signing_secrets WHERE id = 'sec_00003'").pluck().get()
    expect({ moved, after }).toEqual({ moved: 9, after: 0 })
    await store.close()
  })
})
