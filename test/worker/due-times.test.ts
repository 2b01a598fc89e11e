import { expect, test } from 'vitest'
import type { Mended, MendPlace } from '../../src/store/store.ts'
import { createDueTimes } from '../../src/worker/due-times.ts'

const PLACES = [1, 2, 3, 4].map((seq): MendPlace => ({ queue: 'messages', after: [1, 1, seq] }))

/** Looks that put right as many as these, one after the other, and then begin anew. */
const openLooks = (found: readonly number[]) => {
  const asked: (MendPlace | null)[] = []
  let pauses = 0
  const look = async (place: MendPlace | null): Promise<Mended> => {
    const n = asked.push(place) - 1
    return { mended: found[n % found.length] ?? 0, next: PLACES[n % found.length] ?? null }
  }
  const mend = async (place: MendPlace | null) => {
    const { mended, next } = await look(place)
    return { mended, next: asked.length % found.length === 0 ? null : next }
  }
  const batch = createDueTimes(mend, async () => void pauses++)
  return { batch, asked, pauses: () => pauses }
}
const goOn = () => false

test('looks on, with a pause after each look, until something was put right or nothing is left', async () => {
  const { batch, asked, pauses } = openLooks([0, 0, 3, 0])
  expect(await batch(10, goOn)).toBe(3)
  expect(pauses()).toBe(3)
  expect(await batch(10, goOn)).toBe(0)
  expect(asked).toEqual([null, PLACES[0], PLACES[1], PLACES[2]])
})

test('begins anew once it has looked through all', async () => {
  const { batch, asked } = openLooks([0, 0])
  await batch(10, goOn)
  await batch(10, goOn)
  expect(asked).toEqual([null, PLACES[0], null, PLACES[0]])
})

test('looks no further when it is to stop', async () => {
  const { batch, asked } = openLooks([0, 0, 0])
  expect(await batch(10, () => true)).toBe(0)
  expect(asked).toHaveLength(1)
})
