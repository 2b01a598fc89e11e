import { timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { readApiKey } from '../../core/api-key.ts'
import type { Edit } from '../../core/changes.ts'
import { SECOND } from '../../core/duration.ts'
import type { KeyOwner, Store } from '../../store/store.ts'
import { nodeBindings } from '../caller.ts'
import type { Operator } from './authenticate-operator.ts'
import {
  createAtOnce,
  createKeyUse,
  type KeyUseDeps,
  type RefusalDeps,
  readToken,
  refusalOf,
  WRONG_KEY,
} from './credentials.ts'
import type { EnumerationGuard } from './enumeration-guard.ts'
import { createTtlCache } from './ttl-cache.ts'

export interface ApiEnv {
  Variables: {
    requestId: string
    partnerId: string
    traceparent: string
    /** In the admin API: who calls, and why. */
    operator: Operator
    reason: string | null
    /**
     * In the admin API: called before something is changed, with the id of what it is done to, and what it is. Puts it into the audit;
     * throws where that cannot be, and then nothing may be changed.
     */
    begin: (object: string, edit?: Edit) => Promise<void>
  }
}

/** How long a key that was revoked on another node may still work here. */
const KEY_TTL_MS = 1 * SECOND
const MOST_KEYS = 10_000
/** Requests of one partner, over all its keys: a quarter of the connections that there may be. */
const MOST_AT_ONCE = 1_024
const NO_HASH = Buffer.alloc(32)

type SentKey = NonNullable<ReturnType<typeof readApiKey>>

/**
 * Reads the caller's key, which may be wrong. All requests of a connection have the same header, so the header of the last
 * one is kept with its hash. A header is only ever compared with what the same connection sent before.
 */
const createKeyReader = () => {
  const lastOf = new WeakMap<object, { header: string; key: SentKey }>()
  return (c: Context): SentKey | null => {
    const header = c.req.header('authorization') ?? ''
    const socket = nodeBindings(c).incoming?.socket
    const last = socket && lastOf.get(socket)
    if (last?.header === header) return last.key
    const key = readApiKey(readToken(header))
    if (socket && key) lastOf.set(socket, { header, key })
    return key
  }
}

export interface PartnerAuthDeps extends RefusalDeps, KeyUseDeps {
  store: Pick<Store, 'findKey' | 'touchKeys'>
  enumerationGuard: Pick<EnumerationGuard, 'slowedForMs'>
}

/** Lets partners in by their API key, and sets `partnerId`. */
export const createPartnerAuth = (deps: PartnerAuthDeps): MiddlewareHandler<ApiEnv> => {
  const { store, now, rates, enumerationGuard } = deps
  const load = (id: string): Promise<KeyOwner | null> => store.findKey(id)
  const readKey = createKeyReader()
  const findKey = createTtlCache({ ttlMs: KEY_TTL_MS, size: MOST_KEYS, now, load })
  const recordUse = createKeyUse(deps)
  const atOnce = createAtOnce(MOST_AT_ONCE)

  return async function authenticatePartner(c, next) {
    const key = readKey(c)
    if (!key) throw refusalOf(c, deps, WRONG_KEY)
    const owner = await findKey(key.id)
    // Comparing takes the same time whether the id is unknown or the secret is wrong.
    const matches = timingSafeEqual(key.hash, owner?.hash ?? NO_HASH)
    if (!owner || !matches || !owner.live) throw refusalOf(c, deps, WRONG_KEY)
    c.set('partnerId', owner.partnerId)
    // The partner is slowed down, whichever of its keys it uses.
    if (enumerationGuard.slowedForMs(owner.partnerId) > 0) rates.take('slowed', owner.partnerId)
    else rates.take('requests', key.id)
    recordUse(key.id)
    return atOnce(owner.partnerId, c, next)
  }
}
