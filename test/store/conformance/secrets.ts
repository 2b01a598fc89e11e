import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
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
}
