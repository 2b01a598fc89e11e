import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../../../src/store/postgres/connection.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'
import { FAR, openCable, openServerBehind } from '../support/cable.ts'

/** How long a node that has vanished was in the way of another; null: longer than was waited. */
export interface VanishedSession {
  heldMs: number | null
}

const MOST_MS = 20_000

const cable = await openCable()
const server = await openServerBehind(cable)
await server.query('CREATE TABLE rows AS SELECT 1 AS id')
const { write } = openConnection({
  ...{ url: `postgres://postgres@${FAR}/postgres`, now: Date.now, hasDatabaseClock: true, sleep, connections: 1 },
  limits: SHORT_LIMITS,
})
const { promise: vanished, resolve } = Promise.withResolvers<void>()
// In a transaction that has a lock.
const lost = write(async ({ all }) => {
  await all('SELECT FROM rows FOR UPDATE')
  cable.cut()
  resolve()
  await sleep(MOST_MS)
})
await Promise.race([vanished, lost])
lost.catch(() => {})
const start = performance.now()
const isFree = await Promise.race([
  server.query(`SET lock_timeout = ${MOST_MS}; SELECT FROM rows FOR UPDATE`).then(
    () => true,
    () => false,
  ),
  sleep(MOST_MS, false),
])
const result: VanishedSession = { heldMs: isFree ? Math.round(performance.now() - start) : null }
process.stdout.write(JSON.stringify(result), () => process.exit(0))
