import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import { first } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describePartners = (test: StoreTest): void => {
  test('are created with a key and a signing secret, and found again', async ({ scene, store }) => {
    const { partner } = newPartner('ACME 认证', { newId: scene.newId, random: randomBytes })
    const created = await store.createPartner(partner)
    expect(created).toMatchObject({ id: partner.id, name: 'ACME 认证', disabled: false, payload: 'full' })
    expect(created.quotas).toEqual({ pending: null, hosts: null, daily: null })
    expect(await store.findPartner(partner.id)).toEqual(created)
    expect(await store.findKey(partner.key.id)).toEqual({
      partnerId: partner.id,
      hash: partner.key.hash,
      live: true,
    })
    expect(await store.findPartner('partner_nobody')).toBeNull()
  })

  test('are created whole or not at all', async ({ scene, store }) => {
    const one = newPartner('one', { newId: scene.newId, random: randomBytes }).partner
    await store.createPartner(one)
    const two = { ...newPartner('two', { newId: scene.newId, random: randomBytes }).partner, key: one.key }
    await expect(store.createPartner(two)).rejects.toThrow()
    expect(await store.findPartner(two.id)).toBeNull()
  })

  test('have names of their own: one that another has is refused where it is created or renamed', async ({ scene }) => {
    const one = await scene.addPartner('one')
    const two = await scene.addPartner('two')
    const taken = { code: 'conflict', errors: [{ path: 'name' }] }
    await expect(scene.addPartner('one')).rejects.toMatchObject(taken)
    await expect(scene.store.changePartner(two, { name: 'one' })).rejects.toMatchObject(taken)
    expect((await scene.store.listPartners({ limit: 9, after: null })).found).toHaveLength(3)
    // Its own name is nobody else's.
    expect(await scene.store.changePartner(one, { name: 'one', payload: 'thin' })).toMatchObject({ payload: 'thin' })
    const both = await Promise.allSettled([scene.addPartner('three'), scene.addPartner('three')])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('are listed the oldest first, page by page', async ({ scene, store, partnerId }) => {
    const ids = [partnerId, await scene.addPartner('b'), await scene.addPartner('a')]
    const page = async (limit: number, after: string | null) =>
      (await store.listPartners({ limit, after })).found.map(partner => partner.id)
    expect(await page(10, null)).toEqual(ids)
    expect(await page(2, null)).toEqual(ids.slice(0, 2))
    expect(await page(2, ids[1] ?? '')).toEqual(ids.slice(2))
  })

  test('are named by their ids, however many and often they are asked for', async ({ scene }) => {
    const { store, partnerId } = scene
    await store.changePartner(partnerId, { name: 'one' })
    const two = await scene.addPartner('two')
    const names = await store.partnerNames([two, 'partner_nobody', partnerId, two])
    expect(names).toEqual(
      new Map([
        [partnerId, 'one'],
        [two, 'two'],
      ]),
    )
    expect(await store.partnerNames([])).toEqual(new Map())
    const many = Array.from({ length: 40_000 }, (_, n) => `partner_${n}`)
    expect((await store.partnerNames([...many, two])).size).toBe(1)
  })

  test('change in the given fields, and stay the same in the others', async ({ store, partnerId }) => {
    const before = await store.findPartner(partnerId)
    expect(await store.changePartner(partnerId, {})).toEqual(before)
    expect(await store.changePartner(partnerId, { name: 'new' })).toEqual({ ...before, name: 'new' })
    const changed = await store.changePartner(partnerId, { payload: 'thin', quotas: { pending: 5 } })
    expect(changed).toMatchObject({ name: 'new', payload: 'thin', quotas: { pending: 5, hosts: null, daily: null } })
    const lifted = await store.changePartner(partnerId, { quotas: { pending: null, daily: 9 } })
    expect(lifted?.quotas).toEqual({ pending: null, hosts: null, daily: 9 })
    expect(await store.changePartner('partner_nobody', { name: 'x' })).toBeNull()
  })

  test('with thin webhooks are sent neither scores nor messages', async ({ scene, store, partnerId }) => {
    await store.changePartner(partnerId, { payload: 'thin' })
    await scene.resolve()
    const body = first(await scene.claimMessages()).body.toString()
    expect(JSON.parse(body).data).toMatchObject({ status: 'SUCCESS' })
    expect(body).not.toContain('95.25')
    expect(body).not.toContain('认证成功')
  })

  test('disabled, are asked and sent nothing, and lose nothing', async ({ scene, store, partnerId }) => {
    const asked = await scene.register()
    const sent = await scene.resolve()
    const waiting = await scene.register({ idcardid: 'waiting' })
    expect(asked.status).toBe('pending')
    await store.changePartner(partnerId, { disabled: true })
    await scene.advance(HOUR)
    expect(await scene.claim()).toEqual([])
    expect(await scene.claimMessages()).toEqual([])
    await store.changePartner(partnerId, { disabled: false })
    expect((await scene.claim()).map(({ verification }) => verification.idcardid)).toContain('waiting')
    expect(await scene.claimedIds()).toContain(sent.id)
    expect(await scene.find(waiting.id)).toMatchObject({ status: 'pending' })
  })

  test('withdraw all that is theirs when one is disabled, and ring when it is enabled', async ({ scene }) => {
    const { store, partnerId } = scene
    const told: unknown[] = []
    store.hints.on('withdrawn', what => told.push(what))
    store.hints.on('verificationsDue', () => told.push('verifications'))
    store.hints.on('messagesDue', () => told.push('messages'))
    await store.changePartner(partnerId, { name: 'new' })
    await store.changePartner('partner_nobody', { disabled: true })
    expect(told).toEqual([])
    await store.changePartner(partnerId, { disabled: true })
    expect(told).toEqual([{ partnerId, registrationId: null }])
    await store.changePartner(partnerId, { disabled: false })
    expect(told.slice(1).toSorted()).toEqual(['messages', 'verifications'])
  })

  test('have keys, each created, used, and revoked once', async ({ scene, store, partnerId }) => {
    const id = scene.newId('key')
    const created = await store.createKey(partnerId, { id, hash: randomBytes(32) })
    expect(created).toMatchObject({ id, lastUsedAt: null, revokedAt: null })
    await scene.advance(MINUTE)
    await store.touchKeys([id])
    await store.touchKeys([])
    const listed = await store.listKeys(partnerId)
    expect(listed).toHaveLength(2)
    expect(listed?.[1]).toMatchObject({ id, lastUsedAt: store.now() })
    const { found } = await store.listPartners({ limit: 9, after: null })
    expect(found).toMatchObject([{ id: partnerId, lastUsedAt: store.now() }])
    const revoked = await store.revokeKey(id)
    expect(revoked?.revokedAt).toBe(store.now())
    expect((await store.findKey(id))?.live).toBe(false)
    await scene.advance(MINUTE)
    expect(await store.revokeKey(id)).toEqual(revoked)
  })

  test('add keys of their own, ten live ones at most, and keep fifty that they have ended', async ({ scene }) => {
    const { store, partnerId } = scene
    const [first] = (await store.listKeys(partnerId)) ?? []
    const add = async () => {
      const id = scene.newId('key')
      return (await store.addOwnKey(partnerId, { id, hash: randomBytes(32) })) ? id : null
    }
    const added = [first?.id ?? '']
    for (let n = 0; n < 9; n++) added.push((await add()) ?? '')
    expect(await add()).toBeNull()
    const [calling = ''] = added
    for (let n = 0; n < 55; n++) {
      expect(await store.endOwnKey(partnerId, added.pop() ?? '', calling)).toBe('ended')
      added.push((await add()) ?? '')
    }
    const listed = (await store.listKeys(partnerId)) ?? []
    expect(listed.filter(({ revokedAt }) => revokedAt === null).map(({ id }) => id)).toEqual(added)
    expect(listed).toHaveLength(10 + 50)
  })

  test('end a key of theirs only by another that is live', async ({ scene, store, partnerId }) => {
    const [one = ''] = ((await store.listKeys(partnerId)) ?? []).map(({ id }) => id)
    const two = scene.newId('key')
    await store.addOwnKey(partnerId, { id: two, hash: randomBytes(32) })
    const other = await scene.addPartner()
    expect(await store.endOwnKey(other, one, two)).toBeNull()
    expect(await store.endOwnKey(partnerId, 'key_nobody', two)).toBeNull()
    expect(await store.endOwnKey(partnerId, one, one)).toBe('calling')
    const ended = await Promise.all([store.endOwnKey(partnerId, one, two), store.endOwnKey(partnerId, two, one)])
    expect(ended.toSorted()).toEqual(['calling', 'ended'])
    const live = ((await store.listKeys(partnerId)) ?? []).filter(({ revokedAt }) => revokedAt === null)
    expect(live).toHaveLength(1)
    expect(await store.endOwnKey(partnerId, ended[0] === 'ended' ? one : two, live[0]?.id ?? '')).toBe('ended')
  })

  test('disabled, have no live key', async ({ scene, store, partnerId }) => {
    const id = scene.newId('key')
    await store.createKey(partnerId, { id, hash: randomBytes(32) })
    await store.changePartner(partnerId, { disabled: true })
    expect((await store.findKey(id))?.live).toBe(false)
  })
}
