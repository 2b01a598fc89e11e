import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { createAdminToken } from '../../../src/core/api-key.ts'
import { DAY, MINUTE } from '../../../src/core/duration.ts'
import type { NewAct } from '../../../src/store/operators/acts.ts'
import { EVERY_ACT, type StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const addToken = async ({ store, newId }: StoreFixture, expiresAt: number | null = null) => {
  const { id, hash } = createAdminToken(newId('token'), randomBytes)
  const token = await store.createAdminToken({ id, hash, name: 'Zoë 值班', role: 'operate', expiresAt })
  return { ...token, hash }
}
const RESUME: NewAct = {
  who: 'token_1',
  name: 'Zoë',
  act: 'account.resume',
  object: 'acc_1',
  reason: 'key was renewed',
  changes: '{"paused":{"before":true,"after":false}}',
  outcome: 'done',
}

export const describeOperators = (test: StoreTest): void => {
  test('have tokens, which are found by id', async ({ scene, store }) => {
    const { hash, ...token } = await addToken(scene)
    const times = { createdAt: store.now(), lastUsedAt: null, expiresAt: null, revokedAt: null }
    expect(token).toEqual({ id: token.id, name: 'Zoë 值班', role: 'operate', ...times })
    expect(await store.findAdminToken(token.id)).toEqual({ name: 'Zoë 值班', role: 'operate', hash, live: true })
    expect(await store.findAdminToken('token_none')).toBeNull()
    expect(await store.listAdminTokens({ limit: 10, after: null })).toEqual({ found: [token], next: null })
  })

  test('list them the oldest first, page by page', async ({ scene, store }) => {
    const ids = [(await addToken(scene)).id, (await addToken(scene)).id, (await addToken(scene)).id]
    const page = async (after: string | null) =>
      (await store.listAdminTokens({ limit: 2, after })).found.map(({ id }) => id)
    expect(await page(null)).toEqual(ids.slice(0, 2))
    expect(await page(ids[1] ?? null)).toEqual(ids.slice(2))
  })

  test('have tokens that end by themselves, and that say when they were used', async ({ scene, store }) => {
    const token = await addToken(scene, store.now() + MINUTE)
    await store.touchAdminTokens([token.id, 'token_none'])
    const usedAt = store.now()
    expect(await store.listAdminTokens({ limit: 1, after: null })).toMatchObject({
      found: [{ lastUsedAt: usedAt }],
    })
    expect(await store.findAdminToken(token.id)).toMatchObject({ live: true })
    await scene.advance(MINUTE)
    expect(await store.findAdminToken(token.id)).toMatchObject({ live: false })
  })

  test('list acts, the newest first, page by page', async ({ scene, store }) => {
    const at = store.now()
    await store.recordAct(RESUME)
    await scene.advance(MINUTE)
    await store.recordAct({ ...RESUME, who: 'command', object: null, reason: null, changes: null, outcome: 'failed' })
    await store.recordAct({ ...RESUME, act: 'account.pause' })
    const { found: acts, next } = await store.listActs(EVERY_ACT)
    expect(next).toBeNull()
    expect(acts.map(({ act, who }) => [act, who])).toEqual([
      ['account.pause', 'token_1'],
      ['account.resume', 'command'],
      ['account.resume', 'token_1'],
    ])
    expect(acts[2]).toEqual({ ...RESUME, at, id: acts[2]?.id })
    const { object } = RESUME
    expect((await store.listActs({ ...EVERY_ACT, object })).found).toEqual([acts[0], acts[2]])
    expect((await store.listActs({ ...EVERY_ACT, object: 'acc_2' })).found).toEqual([])
    const first = await store.listActs({ ...EVERY_ACT, limit: 2 })
    expect(first).toEqual({ found: acts.slice(0, 2), next: acts[1]?.id })
    expect(await store.listActs({ ...EVERY_ACT, limit: 2, before: first.next })).toEqual({
      found: acts.slice(2),
      next: null,
    })
  })

  test('know of an act before it is done, and how it ended', async ({ store }) => {
    const id = await store.recordAct({ ...RESUME, outcome: 'begun' })
    expect((await store.listActs(EVERY_ACT)).found).toMatchObject([{ id, outcome: 'begun' }])
    await store.endAct(id, 'refused')
    await store.endAct(id + 1, 'done')
    expect((await store.listActs(EVERY_ACT)).found).toMatchObject([{ ...RESUME, id, outcome: 'refused' }])
  })

  test('no longer see acts after more than a year', async ({ scene, store }) => {
    await store.recordAct(RESUME)
    await scene.advance(367 * DAY)
    expect(await store.listActs(EVERY_ACT)).toEqual({ found: [], next: null })
    await store.recordAct(RESUME)
    expect((await store.listActs(EVERY_ACT)).found).toHaveLength(1)
  })
}
