import { expect, test } from 'vitest'
import { createReadiness } from '../../../src/app/readiness.ts'
import { openPostgresBench, useServer } from '../../support/postgres-server.ts'
import { SHORT_LIMITS } from '../../support/short-limits.ts'

const { newDatabase } = useServer({ template: true })

/** A node, and whether it can register anything, and says that it is ready. */
const openNode = async () => {
  const { url, name, query } = await newDatabase()
  const bench = await openPostgresBench(url, { limits: SHORT_LIMITS })
  let looks = 0
  const ready = createReadiness(bench.store, { monotonic: () => ++looks * 60_000 }, new AbortController().signal)
  const registers = async () =>
    bench.register().then(
      () => true,
      () => false,
    )
  const isReady = async () => (await ready()).every(({ ok }) => ok)
  return {
    query,
    name,
    state: async () => ({ registers: await registers(), isReady: await isReady() }),
    [Symbol.asyncDispose]: () => bench.store.close(),
  }
}
const WELL = { registers: true, isReady: true }
const ILL = { registers: false, isReady: false }

test('a node is not ready while the database is read-only', async () => {
  await using node = await openNode()
  expect(await node.state()).toEqual(WELL)
  await node.query(`ALTER DATABASE "${node.name}" SET default_transaction_read_only = on`)
  await node.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  )
  expect(await node.state()).toEqual(ILL)
})

test.each(['registrations', 'verifications'])(
  'a node was ready while nothing could be registered: %s was locked',
  async table => {
    await using node = await openNode()
    const locked = node.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE; SELECT pg_sleep(60)`).catch(() => {})
    await expect
      .poll(() => node.query(`SELECT 1 FROM pg_locks WHERE mode = 'ExclusiveLock' AND relation = '${table}'::regclass`))
      .toHaveLength(1)
    expect(await node.state()).toEqual(ILL)
    await node.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'ExclusiveLock' AND relation = '${table}'::regclass`,
    )
    await locked
    expect(await node.state()).toEqual(WELL)
  },
)
