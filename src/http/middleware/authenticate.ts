import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { readApiKey } from '../../core/api-key.ts'
import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Secret } from '../../core/secret.ts'
import type { KeyOwner, Store } from '../../store/store.ts'
import type { Emit } from '../../telemetry/emit.ts'
import { nodeBindings } from '../node-bindings.ts'
import { createAtOnce } from './at-once.ts'
import { clientAddress, networkOf, type TrustedProxies } from './client-address.ts'
import type { EnumerationGuard } from './enumeration-guard.ts'
import { createKeyUse, type KeyUseDeps } from './key-use.ts'
import { createRateLimit } from './rate-limit.ts'
import { createTtlCache } from './ttl-cache.ts'

export interface ApiEnv {
  Variables: { requestId: string; partnerId: string; traceparent: string }
}

/** How long a key that was revoked on another node may still work here. */
const KEY_TTL_MS = 1 * SECOND
const MOST_KEYS = 10_000
/** Failed logins of one network before it has to wait. */
const FAILED_LOGINS = { rate: 1, burst: 50 }
/** Requests of a partner that enumerates serials. */
const SLOWED = { rate: 1, burst: 2 }
const NO_HASH = Buffer.alloc(32)
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/** The text is the same for every reason, so that it does not show which keys exist. */
const unauthorized = (): AppError =>
  new AppError('unauthorized', 'Send "authorization: Bearer <key>" with a valid key that has not been revoked.')

const readToken = (header: string | undefined): string => BEARER.exec(header ?? '')?.[1] ?? ''

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

export interface LoginFailureDeps {
  now: () => number
  trustedProxies: TrustedProxies
}

/** Counts failed logins by the network that they come from. Logins that succeed do not count. */
const createLoginFailures = ({ now, trustedProxies }: LoginFailureDeps) => {
  const take = createRateLimit({ now, detail: 'Too many calls with a wrong key have come from your address.' })
  const ofNetwork = (c: Context, rate: Parameters<typeof take>[1]) =>
    take(networkOf(clientAddress(c, trustedProxies)), rate)
  return {
    /** The answer to a failed login: 401. Throws 429 where too many have failed. */
    count: (c: Context): AppError => {
      ofNetwork(c, FAILED_LOGINS)
      return unauthorized()
    },
    /** Throws 429 where one more failure would be too many. */
    refuse: (c: Context): void => ofNetwork(c, { ...FAILED_LOGINS, burst: FAILED_LOGINS.burst - 1, count: 0 }),
  }
}

export interface PartnerAuthDeps extends LoginFailureDeps, KeyUseDeps {
  store: Pick<Store, 'findKey' | 'touchKeys'>
  /** Requests a second with one key; bursts may be twice that. */
  apiRate: number
  enumerationGuard: Pick<EnumerationGuard, 'slowedForMs'>
}

/** Lets partners in by their API key, and sets `partnerId`. */
export const createPartnerAuth = (deps: PartnerAuthDeps): MiddlewareHandler<ApiEnv> => {
  const { store, now, apiRate, enumerationGuard } = deps
  const load = (id: string): Promise<KeyOwner | null> => store.findKey(id)
  const readKey = createKeyReader()
  const findKey = createTtlCache({ ttlMs: KEY_TTL_MS, size: MOST_KEYS, now, load })
  const recordUse = createKeyUse(deps)
  const take = createRateLimit({
    now,
    detail: `This key may make ${apiRate} requests a second, in bursts of twice that.`,
  })
  const takeSlowed = createRateLimit({
    now,
    detail: 'Your last serials look enumerated: for now you may make one request a second.',
  })
  const begin = createAtOnce()
  const failures = createLoginFailures(deps)
  const usual = { rate: apiRate, burst: 2 * apiRate }

  return async function authenticatePartner(c, next) {
    const key = readKey(c)
    if (!key) throw failures.count(c)
    const owner = await findKey(key.id)
    // Comparing takes the same time whether the id is unknown or the secret is wrong.
    const matches = timingSafeEqual(key.hash, owner?.hash ?? NO_HASH)
    // Nobody is locked out by others behind the same address: what counts against it comes after the comparison.
    if (!owner || !matches || !owner.live) throw failures.count(c)
    c.set('partnerId', owner.partnerId)
    // The partner is slowed down, whichever of its keys it uses.
    if (enumerationGuard.slowedForMs(owner.partnerId) > 0) takeSlowed(owner.partnerId, SLOWED)
    else take(key.id, usual)
    const end = begin(owner.partnerId)
    recordUse(key.id)
    try {
      await next()
    } finally {
      end()
    }
  }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

export interface AdminAuthDeps extends LoginFailureDeps {
  emit: Emit<'admin.login_failed'>
}

/**
 * Lets the operator in by the admin token. There is one token for all, so guesses are throttled before they are compared: where
 * too many have come from a network, it is not told even that one is right.
 */
export const createAdminAuth = (adminToken: Secret, deps: AdminAuthDeps): MiddlewareHandler<ApiEnv> => {
  const expected = sha256(adminToken.reveal())
  const failures = createLoginFailures(deps)
  return async function authenticateAdmin(c, next) {
    failures.refuse(c)
    // Hashes are equally long, so the comparison does not show the length of the token.
    if (!timingSafeEqual(sha256(readToken(c.req.header('authorization'))), expected)) {
      deps.emit('admin.login_failed', { address: clientAddress(c, deps.trustedProxies) })
      throw failures.count(c)
    }
    await next()
  }
}

/** Lets in who reads the metrics, by their token. Guesses are throttled as those of the admin token. */
export const createMetricsAuth = (metricsToken: Secret, deps: LoginFailureDeps): MiddlewareHandler<ApiEnv> => {
  const expected = sha256(metricsToken.reveal())
  const failures = createLoginFailures(deps)
  return async function authenticateMetrics(c, next) {
    failures.refuse(c)
    if (!timingSafeEqual(sha256(readToken(c.req.header('authorization'))), expected)) throw failures.count(c)
    await next()
  }
}
