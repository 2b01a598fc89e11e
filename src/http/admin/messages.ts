import { Hono } from 'hono'
import { z } from 'zod'
import type { FailureGroup, Store } from '../../store/store.ts'
import { AT, COUNT, jsonTime } from '../json/fields.ts'
import { PAGE_PARAMETERS } from '../json/pagination.ts'
import { noQuery, readQuery } from '../json/query.ts'
import { said } from '../json/said.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { createSearch, FILTER, readFilter } from './search.ts'

export interface AdminMessageDeps {
  store: Pick<Store, 'searchRegistrations' | 'groupFailures' | 'findAccount' | 'findPartner'>
  now: () => number
}

const MOST_GROUPS = 250
const { status: _, delivery: __, reason: ___, ...OF_FAILURES } = FILTER
const STATE = said({ en: 'must be pending or exhausted', zh: '必须是 pending 或 exhausted' })
export const FAILURE_QUERY = z.strictObject({
  ...OF_FAILURES,
  state: z.enum(['pending', 'exhausted'], STATE).optional().describe('Only webhooks in this state.'),
  ...PAGE_PARAMETERS,
})

const FAILURE_GROUP = z.strictObject({
  host: z.string(),
  error: z.string().describe('Why the last attempts failed, such as `no_response ECONNREFUSED` or `http_503`.'),
  count: COUNT,
  pending: COUNT.describe('They are tried again by themselves.'),
  exhausted: COUNT.describe('They have been given up.'),
  partners: COUNT,
  oldestAt: AT,
  newestAt: AT,
})
export const FAILURE_GROUPS = z.strictObject({
  data: z.array(FAILURE_GROUP).describe('The largest first.'),
  isCapped: z.boolean().describe('Only the newest 10,000 failures were looked at, or there are more than 250 groups.'),
})

const viewGroup = (group: FailureGroup): z.output<typeof FAILURE_GROUP> => ({
  ...group,
  oldestAt: jsonTime(group.oldestAt),
  newestAt: jsonTime(group.newestAt),
})

/** `/v1/admin/messages`: webhooks that have failed and have not arrived. */
export const createAdminMessages = (deps: AdminMessageDeps) => {
  const { store, now } = deps
  const app = new Hono<ApiEnv>()
  const search = createSearch(deps)

  app.get('/', async c => {
    const { limit, cursor, state, ...query } = readQuery(c, FAILURE_QUERY)
    const filter = await readFilter({ ...query, delivery: state }, { store, now: now(), source: 'query' })
    return search(c, { ...filter, failing: true }, { limit, cursor })
  })

  app.get('/groups', noQuery, async c => {
    const { groups, isCapped } = await store.groupFailures()
    return c.json({
      data: groups.slice(0, MOST_GROUPS).map(viewGroup),
      isCapped: isCapped || groups.length > MOST_GROUPS,
    })
  })

  return app
}
