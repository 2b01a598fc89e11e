import type { Observation } from '../../../src/core/alert.ts'
import { HOUR } from '../../../src/core/duration.ts'
import { createFixedClock } from '../../support/fixed-clock.ts'
import { openNewStore } from '../../support/sqlite-template.ts'
import { openStoreFixture, type StoreFixture } from '../../support/store.ts'

export const open = () => {
  const { now, advance } = createFixedClock(Date.parse('2026-11-24T08:00:00Z'))
  return openStoreFixture(async ({ rate }) => ({ store: await openNewStore({ now, defaultRate: rate }), advance }))
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
