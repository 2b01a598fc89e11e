import { HOUR } from '../../../src/core/duration.ts'
import type { OperatorNote } from '../../../src/core/operator-event.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { HOOK, openBench } from '../../support/store.ts'

export type Bench = Awaited<ReturnType<typeof open>>

export const open = async (path = ':memory:') => {
  const clock = { now: Date.parse('2026-11-24T08:00:00Z') }
  const masterKey = Buffer.alloc(32, 7)
  return openBench(async ({ rate }) => ({
    store: await openSqliteStore({ path, masterKey, now: () => clock.now, defaultRate: rate }),
    advance: ms => {
      clock.now += ms
    },
  }))
}

export const exhaustion = ({ partnerId, store }: Bench): OperatorNote => ({
  ...{ condition: 'message.exhausted', subject: partnerId, at: store.now(), adds: 1 },
  details: { partnerId, host: 'partner.example' },
})

export const exhausted = async (bench: Bench) => {
  await bench.resolve()
  for (let n = 0; n < 4; n++) {
    await bench.deliver(500)
    await bench.advance(2 * HOUR)
  }
}

/** One URL works, and another was disabled. */
export const disabled = async (bench: Bench) => {
  await bench.resolve({ callbackUrl: `${HOOK}/works` })
  await bench.deliver(200)
  const { id } = await bench.resolve()
  for (let n = 0; n < 11; n++) {
    await bench.deliver(500)
    await bench.advance(12 * HOUR)
    if (n < 10) await bench.store.resend(bench.partnerId, id)
  }
}
