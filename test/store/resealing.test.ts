import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { type ResealPlace, resealAll } from '../../src/store/resealing.ts'
import { createVault, sealedUnder } from '../../src/store/sealed.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { newPath, openBeside, openFileBench } from './support/files.ts'

const [OLD, NEW, LOST] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const MANY = 1_000

/** A file under the old key with many signing secrets. */
const openOld = async () => {
  const path = newPath()
  const openWith = (masterKey: Buffer, previousKey?: Buffer) =>
    openSqliteStore({ path, masterKey, previousKey, now: () => 1_000, defaultRate: 1_000 })
  const bench = await openFileBench(path, { masterKey: OLD })
  const { id, partnerId } = await bench.resolve({ metadata: { order: '42' } })
  await bench.store.close()
  const file = openBeside(path)
  const add = (key: Buffer, secretId: string) => {
    const { signingSecret } = sealedUnder({ masterKey: key }, randomBytes)
    const row = { id: secretId, partnerId: 'ptn_many' }
    const values = [row.id, row.partnerId, signingSecret.seal(row, new Secret('text'))]
    file
      .prepare("INSERT INTO signing_secrets (id, partner_id, type, secret, created_at) VALUES (?, ?, 'v1', ?, 0)")
      .run(values)
  }
  file.transaction(() => {
    for (let n = 0; n < MANY; n++) add(OLD, `sec_${String(n).padStart(5, '0')}`)
  })()
  return { file, add, openWith, id, partnerId }
}

describe('a change of the master key', () => {
  test('goes on past values of neither key, and names them', async () => {
    const old = await openOld()
    old.add(LOST, 'sec_00500_lost')
    old.file.prepare("UPDATE message_bodies SET body = x'00112233'").run()
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

  test('also moves rows written under the earlier key behind it, before the canary says that all is moved', async () => {
    const old = await openOld()
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

  test('does not undo a change between its look and its write', async () => {
    const old = await openOld()
    const store = await old.openWith(NEW, OLD)
    const batch = store.reseal({ column: 1, after: null, moved: 0 }, 10)
    old.file.prepare("UPDATE signing_secrets SET secret = x'' WHERE id = 'sec_00003'").run()
    const { moved } = await batch
    const after = old.file.prepare("SELECT length(secret) FROM signing_secrets WHERE id = 'sec_00003'").pluck().get()
    expect({ moved, after }).toEqual({ moved: 9, after: 0 })
    await store.close()
  })
})
