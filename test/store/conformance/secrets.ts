import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

const rotate = (bench: StoreFixture, text: string, overlapMs: number) =>
  bench.store.rotateSigningSecret(
    bench.partnerId,
    { id: bench.newId('secret'), type: 'v1', text: new Secret(text) },
    overlapMs,
  )
const livesOf = async (bench: StoreFixture) => {
  const { messages, secrets } = await bench.claimMessagesWith()
  await bench.store.settleMessages(messages.map(message => bench.received(message, 500)))
  return secrets.get(bench.partnerId)?.map(secret => secret.reveal().slice(0, 5))
}

export const describeSecrets = (open: OpenStore): void => {
  test('a new signing secret comes first, beside the old one while they overlap', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    const rotated = await rotate(bench, 'new-1', HOUR)
    expect(rotated).toMatchObject({ type: 'v1', expiresAt: null })
    const listed = await bench.store.listSigningSecrets(bench.partnerId)
    expect(listed.map(secret => secret.expiresAt)).toEqual([null, bench.store.now() + HOUR])
    expect(await livesOf(bench)).toEqual(['new-1', 'whsec'])
    await bench.advance(2 * HOUR)
    expect(await livesOf(bench)).toEqual(['new-1'])
    const { previousExpiresAt: _, ...left } = rotated as NonNullable<typeof rotated>
    expect(await bench.store.listSigningSecrets(bench.partnerId)).toEqual([left])
  })

  test('a rotation tells when the secret before it stops, also where that was settled already', async () => {
    await using bench = await openStoreFixture(open)
    const at = bench.store.now()
    expect(await rotate(bench, 'new-1', HOUR)).toMatchObject({ previousExpiresAt: at + HOUR })
    expect(await rotate(bench, 'new-2', 0)).toMatchObject({ previousExpiresAt: at })
  })

  test('an old one that is ended stops at once, and the newest does not end', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    const [old] = await bench.store.listSigningSecrets(bench.partnerId)
    const rotated = await rotate(bench, 'new-1', HOUR)
    const end = (id: string, partnerId = bench.partnerId) => bench.store.endSigningSecret(partnerId, id)
    const other = await bench.addPartner()
    expect(await end(old?.id ?? '', other)).toBeNull()
    expect(await end('secret_nobody')).toBeNull()
    expect(await end(rotated?.id ?? '')).toBe('newest')
    expect(await bench.store.listSigningSecrets(bench.partnerId)).toHaveLength(2)
    expect(await end(old?.id ?? '')).toBe('ended')
    expect(await livesOf(bench)).toEqual(['new-1'])
    await bench.advance(MINUTE)
    expect(await end(old?.id ?? '')).toBe('ended')
  })

  test('one that was named first and added last goes on signing', async () => {
    await using bench = await openStoreFixture(open)
    const secret = { id: bench.newId('secret'), type: 'v1' as const, text: new Secret('new-1') }
    await rotate(bench, 'new-2', HOUR)
    await bench.store.rotateSigningSecret(bench.partnerId, secret, HOUR)
    expect(await bench.store.endSigningSecret(bench.partnerId, secret.id)).toBe('newest')
  })

  test('what is claimed is given back when a secret ends at once, since it would be signed with that', async () => {
    await using bench = await openStoreFixture(open)
    const told: unknown[] = []
    bench.store.hints.on('withdrawn', what => told.push(what))
    const [old] = await bench.store.listSigningSecrets(bench.partnerId)
    const all = { partnerId: bench.partnerId, registrationId: null }
    await rotate(bench, 'new-1', HOUR)
    expect(told).toEqual([])
    await bench.store.endSigningSecret(bench.partnerId, old?.id ?? '')
    expect(told).toEqual([all])
    await bench.store.endSigningSecret(bench.partnerId, old?.id ?? '')
    expect(told).toEqual([all])
    await rotate(bench, 'new-2', 0)
    expect(told).toEqual([all, all])
  })
}
