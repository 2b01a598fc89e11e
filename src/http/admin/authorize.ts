import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { AppError } from '../../core/error.ts'
import { includesRole } from '../../core/role.ts'
import type { NewAct, Store } from '../../store/store.ts'
import type { Emit } from '../../telemetry/emit.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { ADMIN_ROUTES } from './routes.ts'

export interface AuditDeps {
  store: Pick<Store, 'recordAct'>
  emit: Emit<'audit.recorded'>
}

/** What an id can look like; anything else that stands in a path is not worth keeping. */
const ID = /^[\x21-\x7e]{1,128}$/

/** The route that will answer, as `POST /v1/admin/partners`; null: there is none. */
const routeOf = (c: Context): string | null => {
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL')
  return route ? `${route.method} ${route.path}` : null
}

const outcomeOf = (status: number): NewAct['outcome'] => {
  if (status < 400) return 'done'
  return status < 500 ? 'refused' : 'failed'
}

/** What stands for `:id` in the path that was called. */
const idIn = (route: string, path: string): string | null =>
  path.split('/')[(route.split(' ')[1] ?? '').split('/').indexOf(':id')] ?? null

/**
 * Puts whatever changes something, or was to, into the audit before it is answered. Where that cannot be recorded, the answer
 * is an error although it may be done.
 */
export const createAudit = ({ store, emit }: AuditDeps): MiddlewareHandler<ApiEnv> =>
  async function recordAct(c, next) {
    const route = routeOf(c) ?? ''
    await next()
    const act = ADMIN_ROUTES[route]?.act ?? null
    if (act === null) return
    const { id: who, name } = c.get('operator')
    const named = c.get('object') ?? idIn(route, c.req.path) ?? ''
    const object = ID.test(named) ? named : null
    const outcome = outcomeOf(c.res.status)
    await store.recordAct({ who, name, act, object, reason: c.get('reason') ?? null, outcome })
    emit('audit.recorded', { who, name, act, object, outcome })
  }

/** Lets operators do what their role allows, by `ADMIN_ROUTES`. */
export const refuseByRole: MiddlewareHandler<ApiEnv> = async function refuseByRole(c, next) {
  const route = routeOf(c)
  if (route === null) return next()
  const { role } = c.get('operator')
  const needed = ADMIN_ROUTES[route]?.role
  if (needed === undefined) throw new AppError('forbidden', 'Nobody may call this.')
  if (!includesRole(role, needed))
    throw new AppError('forbidden', `This needs a token with the role ${needed}; yours has the role ${role}.`)
  return next()
}
