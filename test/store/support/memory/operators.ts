import { ACTS_LOOKED_AT, type Act, actPage, actsKeptFrom, isForLog } from '../../../../src/store/act.ts'
import { ownerOfToken } from '../../../../src/store/admin-token.ts'
import type { AdminToken, Store } from '../../../../src/store/store.ts'
import type { Context } from './context.ts'
import type { ActRow, AdminTokenRow } from './tables.ts'

type Verbs = Pick<
  Store,
  | 'createAdminToken'
  | 'listAdminTokens'
  | 'revokeAdminToken'
  | 'findAdminToken'
  | 'touchAdminTokens'
  | 'recordAct'
  | 'endAct'
  | 'takeActsForLog'
  | 'listActs'
>

const viewToken = ({ hash: _, ...token }: AdminTokenRow): AdminToken => token
const viewAct = ({ isForLog: _, ...act }: ActRow): Act => act

/** Tokens of operators, and what they have done. */
export const createOperators = ({ tables, now }: Context): Verbs => {
  const { transaction } = tables
  return {
    createAdminToken: async token =>
      transaction(() => {
        const row = { ...token, createdAt: now(), lastUsedAt: null, revokedAt: null }
        tables.adminTokens.add(row.id, row)
        return viewToken(row)
      }),
    listAdminTokens: async ({ limit, after }) =>
      tables.adminTokens
        .where(({ id }) => after === null || id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .map(viewToken),
    revokeAdminToken: async id => {
      const row = tables.adminTokens.get(id)
      if (!row) return null
      const after = { ...row, revokedAt: row.revokedAt ?? now() }
      transaction(() => tables.adminTokens.set(id, after))
      return viewToken(after)
    },
    findAdminToken: async id => {
      const row = tables.adminTokens.get(id)
      return row ? ownerOfToken(row, now()) : null
    },
    touchAdminTokens: async ids =>
      transaction(() => {
        for (const id of ids) tables.adminTokens.change(id, { lastUsedAt: now() })
      }),

    recordAct: async act =>
      transaction(() => {
        const id = tables.next('acts')
        const begun = { id, at: now() }
        tables.acts.add(id, { ...act, ...begun, isForLog: isForLog(act) })
        return begun
      }),
    endAct: async ({ id, at }, outcome) => {
      const act = tables.acts.get(id)
      if (act?.at === at) transaction(() => tables.acts.change(id, { outcome, isForLog: isForLog(act) }))
    },
    takeActsForLog: async limit =>
      transaction(() => {
        const taken = tables.acts
          .where(one => one.isForLog)
          .sort((a, b) => a.id - b.id)
          .slice(0, limit)
        for (const { id } of taken) tables.acts.change(id, { isForLog: false })
        return taken.map(viewAct)
      }),
    listActs: async query => {
      const from = actsKeptFrom(now())
      const newest = tables.acts
        .where(({ id, at }) => at >= from && (query.before === null || id < query.before))
        .sort((a, b) => b.id - a.id)
      return actPage(newest.slice(0, ACTS_LOOKED_AT).map(viewAct), query)
    },
  }
}
