import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openConnection } from '../../../src/store/postgres/connection.ts'
import { bringUpToDate } from '../../../src/store/postgres/opening.ts'
import { createSealed } from '../../../src/store/sealed.ts'
import { createVault } from '../../../src/store/vault.ts'
import type { TestServer } from '../../support/postgres.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'
import { FAR, openCable, openServerBehind } from '../support/cable.ts'

/** How long a node that has vanished was in the way of another; null: longer than was waited. */
export interface VanishedSession {
  heldMs: number | null
}

interface Setting {
  server: TestServer
  /** The database by the cable. */
  url: string
  cut: () => void
}

const MOST_MS = 20_000

/** Vanishes in a transaction that has a lock, while it does this. */
const vanishIn = async ({ server, url, cut }: Setting, doing: (run: (text: string) => Promise<unknown>) => unknown) => {
  await bringUpToDate(server.urlOf('postgres'), opening())
  await server.query('CREATE TABLE rows AS SELECT 1 AS id')
  const { write } = openConnection({
    ...{ url, now: Date.now, hasDatabaseClock: true, sleep, connections: 1 },
    limits: SHORT_LIMITS,
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  const vanished = write(async ({ rows }) => {
    await rows('SELECT FROM rows FOR UPDATE')
    const done = doing(rows)
    cut()
    resolve()
    await done
  })
  await Promise.race([promise, vanished])
  vanished.catch(() => {})
  return () => server.query(`SET lock_timeout = ${MOST_MS}; SELECT FROM rows FOR UPDATE`)
}

const opening = () => ({
  ...{ sealed: createSealed(createVault(randomBytes, Buffer.alloc(32, 7))), onStep: () => {} },
  limits: SHORT_LIMITS,
})

/** Vanishes while it waits to make the tables. */
const vanishMigrating = async ({ server, url, cut }: Setting) => {
  const other = new pg.Client({ connectionString: server.urlOf('postgres') })
  await other.connect()
  await other.query('BEGIN; CREATE TABLE __drizzle_migrations (id serial, hash text, created_at bigint)')
  bringUpToDate(url, opening()).catch(() => {})
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
  while ((await server.query(waiting)).length === 0) await sleep(20)
  cut()
  await other.end()
  return () => bringUpToDate(server.urlOf('postgres'), opening())
}

const WAYS: Readonly<Record<string, (setting: Setting) => Promise<() => Promise<unknown>>>> = {
  idle: setting => vanishIn(setting, () => sleep(MOST_MS)),
  migrating: vanishMigrating,
}

const play = WAYS[process.argv[2] ?? '']
if (!play) throw new Error(`one of: ${Object.keys(WAYS)}`)
const cable = await openCable()
const server = await openServerBehind(cable)
const otherGoesOn = await play({ server, url: `postgres://postgres@${FAR}/postgres`, cut: cable.cut })
const start = performance.now()
const isFree = await Promise.race([
  otherGoesOn().then(
    () => true,
    () => false,
  ),
  sleep(MOST_MS, false),
])
const result: VanishedSession = { heldMs: isFree ? Math.round(performance.now() - start) : null }
process.stdout.write(JSON.stringify(result), () => process.exit(0))
