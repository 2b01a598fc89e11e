import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { ActName } from '../../core/act.ts'
import { changesOf } from '../../core/changes.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { MAX_REASON } from '../../core/line.ts'
import { includesRole, type Role } from '../../core/role.ts'
import { type ActEnd, type NewAct, objectOf } from '../../store/operators/acts.ts'
import type { ApiEnv, SharedDeps } from '../api-env.ts'
import { lineField } from '../json/fields.ts'
import { createBuckets, type Rate } from '../rates.ts'

/** Authorization and audit of a call of the admin API. */
export interface AdminRoute {
  /** Least role that may call it. */
  role: Role
  /** Its act in the audit, if it begins no other one; left out: it changes nothing. */
  act?: ActName
}
/** Reason that an operator gives for an act; the audit keeps it. */
export const REASON = lineField(MAX_REASON).describe('Why, for the audit.')

/** The field of every act. */
export const WHY = { reason: REASON.optional() }
/** Optional body of acts that need nothing else, and query of acts without a body. */
export const ACT = z.strictObject(WHY)

/** Rate per token at which calls that ended before their act began are recorded. */
const REFUSALS: Rate = { rate: SECOND / MINUTE, burst: 20 }

const outcomeOf = (status: number): ActEnd => {
  if (status < 400) return 'done'
  return status < 500 ? 'refused' : 'failed'
}

/**
 * Records each change in the audit before it is made, and its outcome before the response. If the outcome cannot be
 * recorded, the response is an error although the change may be made. Calls that ended before their act began are
 * recorded at a limited rate, so that nobody fills the audit.
 */
export const createAudit = ({ store, now, emit }: SharedDeps) => {
  const takeRefusal = createBuckets({ now })

  return (ofCall: ActName): MiddlewareHandler<ApiEnv> =>
    async function audit(c, next) {
      const { id: who, name } = c.get('operator')
      const called = objectOf(c.req.param('id') ?? '')
      let begun = null as { id: number; act: ActName; object: string | null } | null
      const record = (part: Omit<NewAct, 'who' | 'name' | 'reason'>): Promise<number> =>
        store.recordAct({ who, name, reason: c.get('reason') ?? null, ...part })
      c.set('beginAct', async (id, { act = ofCall, ...edit } = {}) => {
        const object = objectOf(id)
        begun = { id: await record({ act, object, changes: changesOf(edit), outcome: 'begun' }), act, object }
      })
      await next()
      const outcome = outcomeOf(c.res.status)
      if (begun) {
        const { id, act, object } = begun
        await store.endAct(id, outcome)
        return emit('audit.recorded', { who, name, act, object, outcome })
      }
      if (outcome === 'done' || c.get('isDryRun')) return
      if (takeRefusal(who, REFUSALS) !== null) return
      await record({ act: ofCall, object: called, changes: null, outcome })
      emit('audit.recorded', { who, name, act: ofCall, object: called, outcome })
    }
}

export const checkRole = (role: Role, needed: Role): void => {
  if (!includesRole(role, needed))
    throw new AppError('forbidden', {
      en: `This needs a token with the role ${needed}; yours has the role ${role}.`,
      zh: `该操作需要 ${needed} 角色的令牌；当前令牌的角色是 ${role}。`,
    })
}

/** Refuses operators without the needed role. */
export const requireRole = (needed: Role): MiddlewareHandler<ApiEnv> =>
  async function refuseByRole(c, next) {
    checkRole(c.get('operator').role, needed)
    return next()
  }
