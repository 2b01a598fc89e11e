import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { MINUTE } from '../../../src/core/duration.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import { type OpenStore, openBench } from '../../support/store.ts'

const SLOWED_MS = 10 * MINUTE

export const describeSerialSigns = (open: OpenStore): void => {
  test('are slowed down by what was seen of them in all', async () => {
    await using bench = await openBench(open)
    const { store, partnerId } = bench
    const other = await bench.addPartner()
    const unknown = (count: number) => ({ partnerId, lookups: Array<boolean>(count).fill(true) })
    const known = { partnerId: other, lookups: [false] }
    expect(await store.noteSerials([])).toEqual([])
    expect(await store.noteSerials([unknown(59), known])).toEqual([
      { partnerId, slowedUntil: 0, sign: null },
      { partnerId: other, slowedUntil: 0, sign: null },
    ])
    const slowedUntil = store.now() + SLOWED_MS
    expect(await store.noteSerials([known, unknown(1)])).toEqual([
      { partnerId: other, slowedUntil: 0, sign: null },
      { partnerId, slowedUntil, sign: 'serials_unknown' },
    ])
    await bench.advance(1)
    expect(await store.noteSerials([unknown(60)])).toEqual([{ partnerId, slowedUntil: slowedUntil + 1, sign: null }])
  })

  test('are slowed down whichever of their keys they use, and nobody else is', async () => {
    await using bench = await openBench(open)
    const { store } = bench
    const create = async (name: string) => {
      const { partner } = newPartner(name, { newId: bench.newId, random: randomBytes })
      await store.createPartner(partner)
      return partner
    }
    const [one, other] = [await create('one'), await create('other')]
    const second = bench.newId('key')
    await store.createKey(one.id, { id: second, hash: randomBytes(32) })
    const untils = () =>
      Promise.all([one.key.id, second, other.key.id].map(async id => (await store.findKey(id))?.slowedUntil))
    expect(await untils()).toEqual([0, 0, 0])
    await store.noteSerials([{ partnerId: one.id, lookups: Array<boolean>(60).fill(true) }])
    const until = store.now() + SLOWED_MS
    expect(await untils()).toEqual([until, until, 0])
  })
}
