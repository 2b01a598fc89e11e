import type { Observation } from '../../../src/core/alert.ts'
import { HOUR } from '../../../src/core/duration.ts'
import { openSqliteStore, type SqliteOptions } from '../../../src/store/sqlite/store.ts'
import { openNewStore } from '../../support/sqlite-template.ts'
import { openStoreFixture } from '../../support/store.ts'

export type StoreFixture = Awaited<ReturnType<typeof open>>

/** @param path of the file; somewhere unless given */
export const open = async (path?: string) => {
  const clock = { now: Date.parse('2026-11-24T08:00:00Z') }
  const masterKey = Buffer.alloc(32, 7)
  const openAt = (options: Omit<SqliteOptions, 'path' | 'masterKey'>) =>
    path === undefined ? openNewStore(options) : openSqliteStore({ ...options, path, masterKey })
  return openStoreFixture(async ({ rate }) => ({
    store: await openAt({ now: () => clock.now, defaultRate: rate }),
    advance: ms => {
      clock.now += ms
    },
  }))
}

export const exhaustion = ({ partnerId, store }: StoreFixture): Observation => ({
  ...{ condition: 'message.exhausted', subject: partnerId, at: store.now(), adds: 1 },
  details: { partnerId, host: 'partner.example', error: 'timeout' },
})

export const exhausted = async (bench: StoreFixture) => {
  await bench.resolve()
  for (let n = 0; n < 4; n++) {
    await bench.deliver(500)
    await bench.advance(2 * HOUR)
  }
}
