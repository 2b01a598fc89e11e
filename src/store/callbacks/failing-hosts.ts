import { hostOf } from '../../core/callback-url.ts'
import type { FailingHost, FailingHosts } from '../../core/trouble.ts'
import { laneKey } from '../messages/lanes.ts'
import type { Sql, Tx } from '../tx.ts'
import { type Callback, STILL_FAILING_MS } from './health.ts'
import { ONLY_FAILS } from './rows.ts'

/** Maximum number of URLs read, and of webhooks counted per host. */
const MAX_COUNTED = 10_000
const MAX_NAMED = 5

const FAILING: Sql = d => `
  SELECT c.partner_id AS "partnerId", p.name AS "partnerName", c.callback_url AS "callbackUrl", c.failing_since AS since,
    c.last_error AS error
  FROM (SELECT * FROM callbacks c WHERE ${ONLY_FAILS} AND c.last_at > @since LIMIT ${MAX_COUNTED}) AS c ${d.joinByLookup('partners p', 'p.id = c.partner_id')}
  WHERE NOT p.disabled ORDER BY c.failing_since, c.partner_id, c.callback_url`
const WAITING = `
  SELECT count(*) AS waiting FROM (
    SELECT 1 FROM deliveries WHERE due_at IS NOT NULL
      AND lane_id = (SELECT id FROM lanes WHERE partner_id = @partnerId AND host = @host) LIMIT ${MAX_COUNTED}) AS capped`

/** Returns the hosts of URLs that only fail and are still tried, by partner: a host may fail for one partner only. */
export const failingHosts = async (tx: Tx): Promise<FailingHosts> => {
  type Row = Callback & Pick<FailingHost, 'partnerName' | 'since' | 'error'>
  const rows = await tx.all<Row>(FAILING, { since: tx.at - STILL_FAILING_MS })
  const all = [...Map.groupBy(rows, laneKey).values()].flatMap(([first, ...others]) => {
    if (!first) return []
    const { callbackUrl, ...host } = first
    return [{ ...host, host: hostOf(callbackUrl), urls: others.length + 1 }]
  })
  const worst = all.slice(0, MAX_NAMED)
  const counted = await tx.each<Pick<FailingHost, 'waiting'>>(
    WAITING,
    worst.map(({ partnerId, host }) => ({ partnerId, host })),
  )
  return { worst: worst.map((host, i) => ({ ...host, waiting: counted[i]?.[0]?.waiting ?? 0 })), hosts: all.length }
}
