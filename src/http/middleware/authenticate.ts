import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import { readApiKey } from '../../core/api-key.ts'
import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Secret } from '../../core/secret.ts'
import type { KeyOwner, Store } from '../../store/store.ts'
import type { Emit } from '../../telemetry/emit.ts'
import { clientAddress, networkOf, type TrustedProxies } from './client-address.ts'
import type { EnumerationGuard } from './enumeration-guard.ts'
import { createKeyUse } from './key-use.ts'
import { createRateLimit } from './rate-limit.ts'
import { createTtlCache } from './ttl-cache.ts'

export interface ApiEnv {
  Variables: { requestId: string; partnerId: string }
}

/** What a revoked key may still be good for on another node. */
const REMEMBER_MS = 1 * SECOND
const MOST_REMEMBERED = 10_000
/** Of one caller, until it waits. */
const FAILED_LOGINS = { rate: 1, burst: 50 }
/** Of a partner that tries out serials. */
const SLOWED = { rate: 1, burst: 2 }
const NO_HASH = Buffer.alloc(32)
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/** One text for every reason, so that it tells nothing about which keys there are. */
const unauthorized = (): AppError =>
  new AppError('unauthorized', 'Send "authorization: Bearer <key>" with a key that is valid and not revoked.')

const readToken = (header: string | undefined): string => BEARER.exec(header ?? '')?.[1] ?? ''

type ApiKey = NonNullable<ReturnType<typeof readApiKey>>

/**
 * The caller's key, which is not yet known to be one of ours. A connection sends the same header with each of its
 * requests, so that is taken apart and hashed once; it is compared with nothing but what came over this connection.
 */
const createKeyReader = () => {
  const lastOf = new WeakMap<object, { header: string; key: ApiKey }>()
  return (c: Context): ApiKey | null => {
    const header = c.req.header('authorization') ?? ''
    const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
    const last = incoming && lastOf.get(incoming.socket)
    if (last?.header === header) return last.key
    const key = readApiKey(readToken(header))
    if (incoming && key) lastOf.set(incoming.socket, { header, key })
    return key
  }
}

export interface FailureDeps {
  now: () => number
  trustedProxies: TrustedProxies
}

/**
 * What a failed login is answered: 401, or 429 where too many came from there. It is asked only once a login has failed,
 * so that whoever has a valid key is not locked out by a neighbour behind the same address.
 */
const createFailures = ({ now, trustedProxies }: FailureDeps) => {
  const take = createRateLimit({ now, detail: 'Too many calls with a wrong key came from your address.' })
  return (c: Context): AppError => {
    take(networkOf(clientAddress(c, trustedProxies)), FAILED_LOGINS)
    return unauthorized()
  }
}

export interface PartnerDeps extends FailureDeps {
  store: Pick<Store, 'findKey' | 'touchKeys'>
  emit: Emit<'keys.use_not_recorded'>
  /** Requests a second for a key; bursts may be twice that. */
  apiRate: number
  enumerationGuard: Pick<EnumerationGuard, 'slowedForMs'>
}

/** Lets a partner in by its API key and sets `partnerId`. */
export const createPartnerAuth = (deps: PartnerDeps): MiddlewareHandler<ApiEnv> => {
  const { store, now, emit, apiRate, enumerationGuard } = deps
  const load = (id: string): Promise<KeyOwner | null> => store.findKey(id)
  const readKey = createKeyReader()
  const findKey = createTtlCache({ ttlMs: REMEMBER_MS, size: MOST_REMEMBERED, now, load })
  const recordUse = createKeyUse({ store, now, emit })
  const take = createRateLimit({ now, detail: 'This key may not call so often.' })
  const failure = createFailures(deps)
  const usual = { rate: apiRate, burst: 2 * apiRate }

  return async function authenticatePartner(c, next) {
    const key = readKey(c)
    if (!key) throw failure(c)
    const owner = await findKey(key.id)
    // An unknown id takes as long as a wrong secret.
    const matches = timingSafeEqual(key.hash, owner?.hash ?? NO_HASH)
    if (!owner || !matches || !owner.live) throw failure(c)
    // Slow is the partner, whatever key it takes.
    if (enumerationGuard.slowedForMs(owner.partnerId) > 0) take(owner.partnerId, SLOWED)
    else take(key.id, usual)
    recordUse(key.id)
    c.set('partnerId', owner.partnerId)
    await next()
  }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Lets the operator in by the admin token. */
export const createAdminAuth = (adminToken: Secret, deps: FailureDeps): MiddlewareHandler<ApiEnv> => {
  const expected = sha256(adminToken.reveal())
  const failure = createFailures(deps)
  return async function authenticateAdmin(c, next) {
    // Hashes have one length, so the comparison tells nothing about the token's.
    if (!timingSafeEqual(sha256(readToken(c.req.header('authorization'))), expected)) throw failure(c)
    await next()
  }
}
