import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { z } from 'zod'
import { changesOf } from '../../core/changes.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { LONGEST_REASON } from '../../core/line.ts'
import { includesRole, type Role } from '../../core/role.ts'
import { type ActEnd, objectOf } from '../../store/operators/acts.ts'
import type { NewAct } from '../../store/store.ts'
import type { ApiEnv, PartDeps } from '../api-env.ts'
import { lineField } from '../json/fields.ts'
import { type ReadOptions, readBody } from '../json/request-body.ts'
import { createBuckets, type Rate } from '../rates.ts'

/** Of a call of the admin API. */
export interface AdminRoute {
  /** The least role that may call it. */
  role: Role
  /** What the audit calls it; left out: it changes nothing. */
  act?: string
}
/** By method and path. What is not among them, nobody may call. */
type AdminRoutes = Readonly<Record<string, AdminRoute>>

/** Why an operator does something; the audit keeps it. */
export const REASON = lineField(LONGEST_REASON).describe('Why, for the audit.')

/** The field of every act. */
export const WHY = { reason: REASON.optional() }
/** The body, which may be left out, of acts that need nothing else, and the query of those that have no body. */
export const ACT = z.strictObject(WHY)

/** Reads the body of an act, and remembers its reason for the audit. */
export const readAct = async <T extends { reason?: string | undefined }>(
  c: Context<ApiEnv>,
  schema: z.ZodType<T>,
  options?: ReadOptions,
): Promise<T> => {
  const body = await readBody(c, schema, options)
  c.set('reason', body.reason ?? null)
  return body
}

/** How often what came to nothing is written for each token. */
const REFUSALS: Rate = { rate: SECOND / MINUTE, burst: 20 }

/** The route that will answer, as `POST /v1/admin/partners`; null: there is none. */
const routeOf = (c: Context): string | null => {
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL')
  return route ? `${route.method} ${route.path}` : null
}

const outcomeOf = (status: number): ActEnd => {
  if (status < 400) return 'done'
  return status < 500 ? 'refused' : 'failed'
}

/** What stands for `:id` in the path that was called. */
const idIn = (route: string, path: string): string =>
  path.split('/')[(route.split(' ')[1] ?? '').split('/').indexOf(':id')] ?? ''

/**
 * Puts whatever changes something into the audit before it is done, and how it ended before that is answered. Where the end cannot
 * be recorded, the answer is an error although it may be done. What was refused before it began is recorded too, but so often only
 * that nobody fills the audit with it.
 */
export const createAudit = (routes: AdminRoutes, { store, now, emit }: PartDeps): MiddlewareHandler<ApiEnv> => {
  const takeRefusal = createBuckets({ now })

  return async function audit(c, next) {
    const route = routeOf(c) ?? ''
    const act = routes[route]?.act
    if (act === undefined) return next()
    const { id: who, name } = c.get('operator')
    let begun = null as { id: number; object: string } | null
    const record = (part: Pick<NewAct, 'object' | 'changes' | 'outcome'>): Promise<number> =>
      store.recordAct({ who, name, act, reason: c.get('reason') ?? null, ...part })
    c.set('begin', async (object, edit = {}) => {
      begun = { id: await record({ object, changes: changesOf(edit), outcome: 'begun' }), object }
    })
    await next()
    const outcome = outcomeOf(c.res.status)
    if (begun) {
      await store.endAct(begun.id, outcome)
      return emit('audit.recorded', { who, name, act, object: begun.object, outcome })
    }
    // A dry run.
    if (outcome === 'done') return
    if (takeRefusal(who, REFUSALS) !== null) return
    const object = objectOf(idIn(route, c.req.path))
    await record({ object, changes: null, outcome })
    emit('audit.recorded', { who, name, act, object, outcome })
  }
}

/** Lets operators do what their role allows. A call without a route of these nobody may make. */
export const createRoleCheck = (routes: AdminRoutes): MiddlewareHandler<ApiEnv> =>
  async function refuseByRole(c, next) {
    const route = routeOf(c)
    if (route === null) return next()
    const { role } = c.get('operator')
    const needed = routes[route]?.role
    if (needed === undefined) throw new AppError('forbidden', { en: 'Nobody may call this.', zh: '任何人都不能调用。' })
    if (!includesRole(role, needed))
      throw new AppError('forbidden', {
        en: `This needs a token with the role ${needed}; yours has the role ${role}.`,
        zh: `该操作需要 ${needed} 角色的令牌；当前令牌的角色是 ${role}。`,
      })
    return next()
  }
