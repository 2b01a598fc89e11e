import type pg from 'pg'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import { HISTORY_COUNTS } from '../../../src/core/history.ts'
import { ERASE, HOSTS_OF, OF_GROUPS, OF_SERIES } from '../../../src/store/history/history.ts'
import { snakeCase } from '../../../src/store/tx.ts'
import { describePlans, type PlanCase, usePlanDatabase } from '../../support/postgres-plan.ts'

const DAYS = 10
const PARTNERS = 50
const NOW = Date.parse('2026-11-24T08:00:00Z')

/** Hours of ten days, and five minutes of a day, of all, 50 partners and a host of each. */
const fill = async (client: pg.Client) => {
  const names = HISTORY_COUNTS.map(snakeCase)
  for (const [stepMs, ms] of [
    [HOUR, DAYS * DAY],
    [5 * MINUTE, DAY],
  ])
    await client.query(
      `INSERT INTO history (step_ms, at, account_id, partner_id, host, node, ${names})
       SELECT $1::int, at, '', CASE WHEN n = 0 THEN '' ELSE 'par_' || (n + 1) / 2 END,
         CASE WHEN n % 2 = 1 OR n = 0 THEN '' ELSE 'a.example' END, 'node', ${names.map(() => 1)}
       FROM generate_series($2::bigint, $3::bigint, $1::int) AS at, generate_series(0, 2 * $4::int) AS n`,
      [stepMs, NOW - (ms ?? 0), NOW - MINUTE, PARTNERS],
    )
}

const times = (ms: number, stepMs: number) => Array.from({ length: ms / stepMs }, (_, n) => NOW - ms + n * stepMs)
const SERIES = { accountId: '', partnerId: 'par_1', host: 'a.example' }
const OF_DAY = { ...SERIES, stepMs: 5 * MINUTE, times: times(DAY, 5 * MINUTE) }
const OF_DAYS = { ...SERIES, stepMs: HOUR, times: times(8 * DAY, HOUR) }
/** A seek takes three blocks of the index and one of the table. */
const SEEK = 5
/** All series of an hour. */
const ROWS = 2 * PARTNERS + 1

const database = usePlanDatabase(fill)

const CASES: readonly PlanCase[] = [
  ['five minutes of a series, and minutes of a version before', (288 + 1_440) * SEEK, tx => tx.all(OF_SERIES, OF_DAY)],
  ['the hours of a series', 8 * 24 * SEEK, tx => tx.all(OF_SERIES, OF_DAYS)],
  ['the hosts of a partner', 24 * SEEK, tx => tx.all(HOSTS_OF.groups, { partnerId: 'par_1', times: times(DAY, HOUR) })],
  ['the groups of a day', 24 * ROWS * 2, tx => tx.all(OF_GROUPS.partner.groups, { times: times(DAY, HOUR) })],
  ['the rows of hours', 24 * ROWS * 2, tx => tx.all(OF_GROUPS.host.hours, { times: times(DAY, HOUR), most: 60_000 })],
  ['what is old', 2_200 * 2 * SEEK, tx => tx.all(ERASE, { stepMs: HOUR, before: NOW - 8 * DAY })],
]

describePlans(database, CASES, { at: NOW })
