import { expect } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const rotate = (scene: StoreFixture, text: string, overlapMs: number) =>
  scene.store.rotateSigningSecret(
    scene.partnerId,
    { id: scene.newId('secret'), type: 'v1', text: new Secret(text) },
    overlapMs,
  )
const livesOf = async (scene: StoreFixture) => {
  const { messages, secrets } = await scene.claimMessagesWith()
  await scene.store.settleMessages(messages.map(message => scene.received(message, 500)))
  return secrets.get(scene.partnerId)?.map(secret => secret.reveal().slice(0, 5))
}

export const describeSecrets = (test: StoreTest): void => {
  test('a new signing secret comes first, beside the old one while they overlap', async ({ scene }) => {
    await scene.resolve()
    const rotated = await rotate(scene, 'new-1', HOUR)
    expect(rotated).toMatchObject({ type: 'v1', expiresAt: null })
    const listed = await scene.store.listSigningSecrets(scene.partnerId)
    expect(listed.map(secret => secret.expiresAt)).toEqual([null, scene.store.now() + HOUR])
    expect(await livesOf(scene)).toEqual(['new-1', 'whsec'])
    await scene.advance(2 * HOUR)
    expect(await livesOf(scene)).toEqual(['new-1'])
    const { previousExpiresAt: _, ...left } = rotated as NonNullable<typeof rotated>
    expect(await scene.store.listSigningSecrets(scene.partnerId)).toEqual([left])
  })

  test('a rotation tells when the secret before it stops, also where that was settled already', async ({ scene }) => {
    const at = scene.store.now()
    expect(await rotate(scene, 'new-1', HOUR)).toMatchObject({ previousExpiresAt: at + HOUR })
    expect(await rotate(scene, 'new-2', 0)).toMatchObject({ previousExpiresAt: at })
  })

  test('an old one that is ended stops at once, and the newest does not end', async ({ scene, store }) => {
    await scene.resolve()
    const [old] = await store.listSigningSecrets(scene.partnerId)
    const rotated = await rotate(scene, 'new-1', HOUR)
    const end = (id: string, partnerId = scene.partnerId) => store.endSigningSecret(partnerId, id)
    const other = await scene.addPartner()
    expect(await end(old?.id ?? '', other)).toBeNull()
    expect(await end('secret_nobody')).toBeNull()
    expect(await end(rotated?.id ?? '')).toBe('newest')
    expect(await store.listSigningSecrets(scene.partnerId)).toHaveLength(2)
    expect(await end(old?.id ?? '')).toBe('ended')
    expect(await livesOf(scene)).toEqual(['new-1'])
    await scene.advance(MINUTE)
    expect(await end(old?.id ?? '')).toBe('ended')
  })

  test('one that was named first and added last goes on signing', async ({ scene, store, partnerId }) => {
    const secret = { id: scene.newId('secret'), type: 'v1' as const, text: new Secret('new-1') }
    await rotate(scene, 'new-2', HOUR)
    await store.rotateSigningSecret(partnerId, secret, HOUR)
    expect(await store.endSigningSecret(partnerId, secret.id)).toBe('newest')
  })

  test('claimed webhooks are withdrawn when a secret ends at once, as they would be signed with it', async ({
    scene,
  }) => {
    const told: unknown[] = []
    scene.store.hints.on('withdrawn', what => told.push(what))
    const [old] = await scene.store.listSigningSecrets(scene.partnerId)
    const all = { partnerId: scene.partnerId, registrationId: null }
    await rotate(scene, 'new-1', HOUR)
    expect(told).toEqual([])
    await scene.store.endSigningSecret(scene.partnerId, old?.id ?? '')
    expect(told).toEqual([all])
    await scene.store.endSigningSecret(scene.partnerId, old?.id ?? '')
    expect(told).toEqual([all])
    await rotate(scene, 'new-2', 0)
    expect(told).toEqual([all, all])
  })
}
