import { test } from 'vitest'
import { type OpenStore, openStoreFixture } from '../../support/store.ts'

/** Tests of such stores, each with one of its own. */
export const storeTest = (open: OpenStore) =>
  test
    .extend('open', () => open)
    .extend('scene', async ({ open }, { onCleanup }) => {
      const scene = await openStoreFixture(open)
      onCleanup(scene.store.close)
      return scene
    })
    .extend('store', ({ scene }) => scene.store)
    .extend('partnerId', ({ scene }) => scene.partnerId)

export type StoreTest = ReturnType<typeof storeTest>
