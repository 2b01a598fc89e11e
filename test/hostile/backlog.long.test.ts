import { expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'

const ROWS = 120
const PER_HOST = 4

test('R18 a receiver that was down for longer than the schedule: a bulk resend drains it all, never more at once than allowed', async () => {
  await using stage = await openStage({
    RETRY_SCHEDULE: '50ms',
    CALLBACK_CONCURRENCY_PER_HOST: String(PER_HOST),
    UPSTREAM_RATE: '2000',
  })
  const { api, receiver, upstream } = stage
  upstream.setDefault({ status: 'SUCCESS' })
  // Down: each of the two attempts of every row finds it so. Back: it takes its time, so that attempts overlap.
  receiver.plan('/down', [
    ...Array.from({ length: 2 * ROWS }, () => ({ status: 503 })),
    ...Array.from({ length: ROWS }, () => ({ status: 200, delayMs: 20 })),
  ])
  const since = new Date(Date.now() - 60_000).toISOString()
  const registrations = Array.from({ length: ROWS }, (_, n) => ({
    idcardid: `down-${n}`,
    callbackUrl: receiver.urlFor('/down'),
  }))
  const batch = await api.call<{ results: { registration: { id: string } }[] }>('POST', '/v1/registrations/batch', {
    registrations,
  })
  const ids = batch.body.results.map(({ registration }) => registration.id)
  for (const id of ids)
    expect((await api.until(id, seen => seen.delivery.state !== 'pending')).delivery.state).toBe('exhausted')

  const before = receiver.received.length
  const resend = await api.call<{ count: number }>('POST', '/v1/resend', { since, delivery: 'exhausted' })
  expect(resend).toMatchObject({ status: 202, body: { count: ROWS } })
  // It goes through them beside: one that it has not come to is still exhausted.
  for (const id of ids) await api.until(id, seen => seen.delivery.state === 'delivered')

  const resent = receiver.received.slice(before)
  expect(new Set(resent.map(({ id }) => id)).size).toBe(ROWS)
  const arrivals = resent.map(({ at }) => at)
  expect(arrivals).toHaveLength(ROWS)
  // Each held its place for 20 ms, so no 20 ms may see more arrivals than there are places (and those that follow them).
  const span = Math.max(...arrivals) - Math.min(...arrivals)
  expect(span).toBeGreaterThanOrEqual((ROWS / PER_HOST - 1) * 20 - 20)
})
