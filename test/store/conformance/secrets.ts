import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import { type OpenStore, openBench } from '../../support/store.ts'

type Bench = Awaited<ReturnType<typeof openBench>>

const rotate = (bench: Bench, text: string, overlapMs: number) =>
  bench.store.rotateSigningSecret(
    bench.partnerId,
    { id: bench.newId('secret'), type: 'v1', text: new Secret(text) },
    overlapMs,
  )
const livesOf = async (bench: Bench) => {
  const { messages, secrets } = await bench.claimMessagesWith()
  await bench.store.settleMessages(messages.map(message => bench.received(message, 500)))
  return secrets.get(bench.partnerId)?.map(secret => secret.reveal().slice(0, 5))
}

export const describeSecrets = (open: OpenStore): void => {
  test('a new signing secret comes first, beside the old one while they overlap', async () => {
    await using bench = await openBench(open)
    await bench.resolve()
    const rotated = await rotate(bench, 'new-1', HOUR)
    expect(rotated).toMatchObject({ type: 'v1', expiresAt: null })
    const listed = await bench.store.listSigningSecrets(bench.partnerId)
    expect(listed.map(secret => secret.expiresAt)).toEqual([null, bench.store.now() + HOUR])
    expect(await livesOf(bench)).toEqual(['new-1', 'whsec'])
    await bench.advance(2 * HOUR)
    expect(await livesOf(bench)).toEqual(['new-1'])
    expect(await bench.store.listSigningSecrets(bench.partnerId)).toEqual([rotated])
  })

  test('a second rotation does not lengthen the overlap of the first', async () => {
    await using bench = await openBench(open)
    await bench.resolve()
    await rotate(bench, 'new-1', MINUTE)
    await rotate(bench, 'new-2', HOUR)
    await bench.advance(2 * MINUTE)
    expect(await livesOf(bench)).toEqual(['new-2', 'new-1'])
  })

  test('without an overlap the old one stops at once', async () => {
    await using bench = await openBench(open)
    await bench.resolve()
    await rotate(bench, 'new-1', 0)
    expect(await livesOf(bench)).toEqual(['new-1'])
  })

  test('a rotation leaves the secrets of other partners alone', async () => {
    await using bench = await openBench(open)
    const other = await bench.addPartner()
    await rotate(bench, 'new-1', 0)
    expect(await bench.store.listSigningSecrets(other)).toMatchObject([{ expiresAt: null }])
    expect(await bench.store.listSigningSecrets('partner_nobody')).toEqual([])
  })

  test('retention erases what ended before the given time, with its serial, and keeps what waits', async () => {
    await using bench = await openBench(open)
    const done = await bench.resolve({ idcardid: '1' })
    await bench.deliver(200)
    const cancelled = await bench.register()
    await bench.store.cancel(bench.partnerId, cancelled.id)
    const unsent = await bench.resolve()
    await bench.deliver(500)
    const pending = await bench.register()
    await bench.advance(DAY)
    const recent = await bench.resolve()
    const before = bench.store.now() - HOUR
    expect(await bench.store.prune(before, 1)).toBe(1)
    expect(await bench.store.prune(before, 100)).toBe(1)
    expect(await bench.store.prune(before, 100)).toBe(0)
    for (const { id } of [done, cancelled]) expect(await bench.store.findRegistration(bench.partnerId, id)).toBeNull()
    for (const { id } of [unsent, pending, recent]) await bench.find(id)
    const other = await bench.addPartner()
    expect(await bench.register({ partnerId: other, idcardid: '1' })).toMatchObject({ status: 'pending', polls: 0 })
  })

  test('retention keeps a serial, and its verdict, while another registration has it', async () => {
    await using bench = await openBench(open)
    await bench.resolve({ idcardid: '1' })
    await bench.deliver(200)
    await bench.advance(DAY)
    const late = await bench.register({ idcardid: '1', callbackUrl: 'https://late.example/' })
    expect(await bench.store.prune(bench.store.now() - HOUR, 100)).toBe(1)
    expect(await bench.find(late.id)).toMatchObject({ status: 'succeeded', verdict: { status: 'SUCCESS' } })
  })

  test('there is nothing to reseal while the master key is the same', async () => {
    await using bench = await openBench(open)
    await bench.resolve()
    expect(await bench.store.reseal(100)).toBe(0)
  })

  test('a probe writes, and changes nothing that is seen', async () => {
    await using bench = await openBench(open)
    const { id } = await bench.register()
    const before = await bench.find(id)
    await bench.store.probe()
    await bench.store.probe()
    expect(await bench.find(id)).toEqual(before)
  })
}
