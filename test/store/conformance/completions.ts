import { expect } from 'vitest'
import { emptyBins } from '../../../src/core/polling/completion-bins.ts'
import type { StoreTest } from '../support/store-test.ts'

/** One completion and 1,000 ms in each of these bins. */
const seenIn = (...bins: readonly number[]) => {
  const seen = emptyBins()
  for (const bin of bins) {
    seen.completions[bin] = 1
    seen.exposureMs[bin] = 1_000
  }
  return seen
}

export const describeCompletions = (test: StoreTest): void => {
  test('are none at first', async ({ scene, store }) => {
    expect(await store.completionsOf(scene.account.id)).toEqual(emptyBins())
  })

  test('fade before more are added', async ({ scene }) => {
    const { store, account } = scene
    await store.changeCompletions(account.id, { keep: 1, more: seenIn(0, 7) })
    await store.changeCompletions(account.id, { keep: 0.5, more: seenIn(7) })
    const { completions, exposureMs } = await store.completionsOf(account.id)
    expect([completions[0], completions[7], completions[8]]).toEqual([0.5, 1.5, 0])
    expect([exposureMs[0], exposureMs[7], exposureMs[8]]).toEqual([500, 1_500, 0])
  })

  test('belong to one account, and none is lost where several changes come at once', async ({ scene }) => {
    const { store, account } = scene
    await Promise.all([
      ...Array.from({ length: 10 }, () => store.changeCompletions(account.id, { keep: 1, more: seenIn(2) })),
      store.changeCompletions('acc_other', { keep: 0, more: seenIn(5) }),
    ])
    expect((await store.completionsOf(account.id)).completions[2]).toBe(10)
    expect(await store.completionsOf('acc_other')).toEqual(seenIn(5))
  })
}
