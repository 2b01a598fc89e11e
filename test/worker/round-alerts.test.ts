import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { createRoundAlerts, type Round } from '../../src/worker/rounds.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const FULL = new Error('its disk is full')

type Work = () => Promise<Round>

const openAlerts = () => {
  const clock = createFixedClock()
  const told: unknown[][] = []
  const alerts = createRoundAlerts({ emit: (...event) => told.push(event), event: 'poll', clock })
  const [work, idle] = [1, 0].map(claimed => alerts.watched(async () => ({ claimed, nextAt: null }))) as [Work, Work]
  return { clock, told, alerts, work, idle }
}

test('rounds that fail each second were told each second; now the first is, and then how many, once a minute', async () => {
  const { clock, told, alerts } = openAlerts()
  for (let n = 0; n <= (2 * MINUTE) / SECOND; n++) {
    alerts.failed(FULL)
    await clock.advance(SECOND)
  }
  expect(told).toEqual([1, 61, 121].map(failures => ['poll.round_failed', { error: FULL, failures }]))
})
