import { describe, expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
/** Between the last byte of a request and what the receiver notes; nothing is awaited for this long. */
const ON_THE_WAY_MS = 250
const SERIALS = 60

describe('M20: cancelling in the middle of everything', () => {
  test('no delivery begins once a cancel is confirmed, and each registration has one outcome', async () => {
    await using stage = await openStage({ API_RATE: '100000', UPSTREAM_RATE: '1000' })
    const cancelled = await Promise.all(
      Array.from({ length: SERIALS }, async (_, n) => {
        // Verdicts come after 100 to 300 ms; the cancels are spread over before, during and after.
        const { id } = await stage.register({ status: 'SUCCESS', afterMs: 100 }, { path: `/hook-${n}` })
        await pause((n * 70) % 450)
        const { status } = await stage.api.cancel(id)
        return { id, status, confirmedAt: Date.now() }
      }),
    )
    await Promise.all(cancelled.map(({ id }) => stage.api.until(id, one => one.delivery.nextAttemptAt === null)))
    await pause(ON_THE_WAY_MS)
    for (const { id, status, confirmedAt } of cancelled) {
      expect(status).toBe(204)
      expect((await stage.api.find(id)).status).toBe('cancelled')
      const deliveries = stage.deliveriesOf(id)
      expect(deliveries.length).toBeLessThanOrEqual(1)
      for (const { at, verified } of deliveries) {
        expect(verified).toBe(true)
        expect(at).toBeLessThanOrEqual(confirmedAt + ON_THE_WAY_MS)
      }
      for (const { at } of await stage.api.attempts(id)) expect(Date.parse(at)).toBeLessThanOrEqual(confirmedAt)
    }
    // Otherwise the cancels came too early or too late to race with anything.
    const sent = cancelled.filter(({ id }) => stage.deliveriesOf(id).length > 0).length
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(SERIALS)
  })
})
