import { Hono } from 'hono'
import { z } from 'zod'
import { AppError } from '../core/error.ts'
import type { Account, Store } from '../store/store.ts'
import type { ApiEnv } from './authenticate.ts'
import { jsonTimeOrNull } from './json-time.ts'
import { PAGE_PARAMETERS, pageOf } from './pagination.ts'
import { noQuery, readQuery } from './query.ts'

export interface AdminAccountDeps {
  store: Pick<Store, 'listAccounts' | 'findAccount' | 'pauseAccount' | 'resumeAccount'>
}

const LIST_QUERY = z.strictObject(PAGE_PARAMETERS)
const ACCOUNT_ID = /^[\x21-\x7e]{1,128}$/

const viewAccount = (account: Account) => ({
  id: account.id,
  account: account.apiId,
  mode: account.passwordMode,
  rate: account.rate,
  paused: account.pausedAt !== null,
  reason: account.pauseReason,
  code: account.pauseCode,
  since: jsonTimeOrNull(account.pausedAt),
})

const found = (account: Account | null): Account => {
  if (!account) throw new AppError('not_found', 'There is no account with this id or APIID.')
  return account
}

/** `/v1/admin/accounts`; an account goes by its id or its APIID. */
export const createAdminAccounts = ({ store }: AdminAccountDeps) => {
  const app = new Hono<ApiEnv>()

  const find = async (name: string): Promise<Account> =>
    found(ACCOUNT_ID.test(name) ? await store.findAccount(name) : null)

  app.get('/', async c => {
    const { limit, cursor } = readQuery(c, LIST_QUERY)
    const { data, nextCursor } = pageOf(await store.listAccounts({ limit: limit + 1, after: cursor ?? null }), limit)
    return c.json({ data: data.map(viewAccount), nextCursor })
  })

  app.post('/:id/pause', noQuery, async c => {
    const { id } = await find(c.req.param('id'))
    return c.json(viewAccount(found(await store.pauseAccount(id))))
  })

  app.post('/:id/resume', noQuery, async c => {
    const { id } = await find(c.req.param('id'))
    return c.json(viewAccount(found(await store.resumeAccount(id))))
  })

  return app
}
