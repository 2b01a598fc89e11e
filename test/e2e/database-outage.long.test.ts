import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { openAnswering } from '../support/operator-robots.ts'
import { openOwnServer } from '../support/postgres.ts'
import { scrape } from '../support/prometheus.ts'
import { openService } from '../support/service.ts'
import { openScene } from './stage.ts'

vi.setConfig({ testTimeout: 120_000 })

interface Told {
  type: string
  data: { subject: string; state: string; sentence: string; remedy: string; runbook: string }
}

test('while PostgreSQL was away its errors were not counted, a line was logged each 2 s, and it was told as a disk', async () => {
  await using server = await openOwnServer()
  await server.createDatabase('away')
  const told: Told[] = []
  await using duty = await openAnswering(({ body }) => {
    told.push(JSON.parse(body))
    return { status: 204, body: '' }
  })
  await using scene = await openScene({
    DATABASE_URL: server.urlOf('away'),
    MASTER_KEY: randomBytes(32).toString('base64'),
    OPERATOR_URL: duty.url,
  })
  await using service = await openService(scene.env)
  const errors = async () => (await scrape(service.url)).value('idface_store_errors_total')
  await server.stop()
  const { length } = service.log
  // The metrics were not read before.
  const counts = await vi.waitFor(
    async () => {
      const counts = [await errors()]
      await vi.waitFor(async () => expect(counts[0]).toBeLessThan(await errors()), { timeout: 20_000, interval: 500 })
      return counts
    },
    { timeout: 30_000, interval: 500 },
  )
  expect(counts[0]).toBeGreaterThanOrEqual(0)
  await vi.waitFor(() => expect(told).toHaveLength(1), { timeout: 60_000, interval: 100 })
  expect(told[0]).toMatchObject({
    type: 'store.failing',
    data: { subject: 'database', state: 'firing', runbook: 'docs/operations.md#store.failing' },
  })
  expect(told[0]?.data.sentence).toContain('the database cannot be written (')
  expect(told[0]?.data.remedy).toContain('docs/postgresql.md')
  const events = service.log.slice(length).map(({ event }) => event)
  expect(events.filter(event => event === 'bulk.failed')).toHaveLength(1)

  await server.start()
  await vi.waitFor(() => expect(told).toHaveLength(2), { timeout: 30_000, interval: 100 })
  expect(told[1]).toMatchObject({ type: 'store.failing', data: { subject: 'database', state: 'resolved' } })
  const firing = service.log.filter(({ event, state }) => event === 'operator.event' && state === 'firing')
  expect(firing).toMatchObject([{ type: 'store.failing', subject: 'database' }])
})
