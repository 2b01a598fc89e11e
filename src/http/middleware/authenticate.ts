import { timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { readApiKey } from '../../core/api-key.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import { createInFlight } from '../../core/keyed-limiter.ts'
import type { Words } from '../../core/language.ts'
import { createTtlCache } from '../../core/ttl-cache.ts'
import type { ApiEnv, PartDeps, RefusalDeps } from '../api-env.ts'
import { clientNetwork, setHeader } from '../caller.ts'
import { type ConsoleLink, openConsoleLink, tokenMark } from '../console-links.ts'

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/** These texts are the same for every reason, so that they do not show which keys exist. */
const WRONG_TOKEN = {
  en: 'Send "authorization: Bearer <key>" with a valid key that has not been revoked.',
  zh: '请发送 "authorization: Bearer <key>"，其中的密钥必须有效且未被吊销。',
}
const WRONG_KEY = {
  en: 'Send "authorization: Bearer <key>". Check that the key is complete (it begins with "ifn_"), is not revoked, and was issued by this service. If all of this is right, ask the operator: the keys of a disabled partner do not work.',
  zh: '请发送 "authorization: Bearer <key>"，并检查密钥：是否复制完整（以 "ifn_" 开头）、未被吊销，并且由本服务签发。若均无误，请联系运维人员：合作方被停用后，其密钥不可用。',
}
/** Chosen by the form of the token alone, so that it does not show which secrets exist. */
const SIGNING_SECRET = {
  en: 'This looks like a signing secret, which verifies webhooks. Send your API key instead, which begins with "ifn_".',
  zh: '这是签名密钥，只用于验签。请改用以 "ifn_" 开头的 API 密钥。',
}
const isSigningSecret = (token: string): boolean => /^wh(sec|pk|sk)_/.test(token)

export const readToken = (header: string | undefined): string => BEARER.exec(header ?? '')?.[1] ?? ''

/**
 * Returns the 401 for a caller without a valid key. Throws 429 if too many wrong keys have come from its network. Only
 * wrong keys count and are checked against this, so nobody is locked out by others behind the same address.
 *
 * @param wrong detail for a wrong key
 */
export const refusalOf = (c: Context, { rates, trustedProxies }: RefusalDeps, wrong: Words = WRONG_TOKEN): AppError => {
  const token = readToken(c.req.header('authorization'))
  if (token !== '') rates.take('wrongKeys', clientNetwork(c, trustedProxies))
  return new AppError('unauthorized', isSigningSecret(token) ? SIGNING_SECRET : wrong)
}

/**
 * Runs a caller's request unless `most` of its requests are being answered: then it throws
 * `AppError('too_many_requests')` and ends the connection. A connection stays while its request is being answered, so
 * one caller's long lists could hold all of them.
 */
export const createConcurrencyLimit = (most: number) => {
  const underWay = createInFlight()
  const detail = {
    en: `${most} of your requests are still being answered.`,
    zh: `最多同时处理 ${most} 个请求，已达上限。`,
  }
  return async (caller: string, c: Context, next: Next): Promise<void> => {
    if ((underWay.counts.get(caller) ?? 0) >= most) {
      // Otherwise thousands of connections that retry would starve new ones.
      setHeader(c, 'connection', 'close')
      throw new AppError('too_many_requests', detail)
    }
    underWay.start(caller)
    try {
      await next()
    } finally {
      underWay.end(caller)
    }
  }
}

/** Maximum time for which a key that was revoked on another node still works here. */
const KEY_TTL_MS = 1 * SECOND
const RECORD_EVERY_MS = 1 * MINUTE
const MAX_KEYS = 10_000
const NO_HASH = Buffer.alloc(32)

interface KeyringDeps<Owner> {
  find: (id: string) => Promise<Owner | null>
  /** Records that keys were used now. */
  touch: (ids: readonly string[]) => Promise<void>
  now: () => number
}

/**
 * Resolves with the owner of a key, or null if the key is unknown, its secret is wrong, or it is not live. Records its
 * use once a minute at most; requests do not wait for that, and a failed record is dropped.
 */
export const createKeyCache = <Owner extends { hash: Uint8Array; live: boolean }>({
  find,
  touch,
  now,
}: KeyringDeps<Owner>) => {
  const findOwner = createTtlCache({ ttlMs: KEY_TTL_MS, size: MAX_KEYS, now, load: find })
  const recordUse = createTtlCache({
    ttlMs: RECORD_EVERY_MS,
    size: MAX_KEYS,
    now,
    load: async id => {
      await touch([id]).catch(() => {})
      return true
    },
  })
  return async ({ id, hash }: { id: string; hash: Buffer }): Promise<Owner | null> => {
    const owner = await findOwner(id)
    // Comparing takes the same time whether the id is unknown or the secret is wrong.
    const matches = timingSafeEqual(hash, owner?.hash ?? NO_HASH)
    if (!owner || !matches || !owner.live) return null
    void recordUse(id)
    return owner
  }
}

/** Maximum number of requests of one partner at a time, over all its keys: a quarter of all connections. */
const MAX_CONCURRENT_OF_PARTNER = 1_024

/** Checks whether a link is valid: it has not expired, and its key, or its token and its partner, still work. */
const createLinkCheck = ({ store, now, config }: Pick<PartDeps, 'store' | 'now' | 'config'>) => {
  const cached = { ttlMs: KEY_TTL_MS, size: MAX_KEYS, now }
  const findKey = createTtlCache({ ...cached, load: (id: string) => store.findKey(id) })
  const findPartner = createTtlCache({ ...cached, load: (id: string) => store.findPartner(id) })
  const findToken = createTtlCache({ ...cached, load: store.findAdminToken })
  return async ({ partnerId, keyId, token = '', until }: ConsoleLink): Promise<boolean> => {
    if (until <= now()) return false
    if (keyId !== null) return (await findKey(keyId))?.live === true
    if (token !== tokenMark('ADMIN_TOKEN', config) && (await findToken(token))?.live !== true) return false
    return (await findPartner(partnerId))?.disabled === false
  }
}

/** Authenticates partners by their API key or a console link, and sets `partnerId`, `keyId` and `charge`. */
export const createPartnerAuth = (deps: PartDeps): MiddlewareHandler<ApiEnv> => {
  const { store, now, rates, enumerationGuard, consoleVault } = deps
  const ownerOf = createKeyCache({ find: id => store.findKey(id), touch: ids => store.touchKeys(ids), now })
  const isLive = createLinkCheck(deps)
  const atOnce = createConcurrencyLimit(MAX_CONCURRENT_OF_PARTNER)

  /** `key`: whose rate counts. */
  const callerOf = async (token: string): Promise<{ partnerId: string; keyId: string | null; key: string } | null> => {
    const key = readApiKey(token)
    const owner = key && (await ownerOf(key))
    if (owner) return { partnerId: owner.partnerId, keyId: key.id, key: key.id }
    const link = openConsoleLink(consoleVault, token)
    return link && (await isLive(link))
      ? { partnerId: link.partnerId, keyId: null, key: link.keyId ?? link.partnerId }
      : null
  }

  return async function authenticatePartner(c, next) {
    const caller = await callerOf(readToken(c.req.header('authorization')))
    if (!caller) throw refusalOf(c, deps, WRONG_KEY)
    const { partnerId, keyId, key } = caller
    c.set('partnerId', partnerId)
    c.set('keyId', keyId)
    c.set('charge', bytes => rates.take('bytes', partnerId, bytes))
    // The partner is slowed down with all its keys.
    if (enumerationGuard.slowedForMs(partnerId) > 0) rates.take('slowed', partnerId)
    else rates.take('requests', key)
    return atOnce(partnerId, c, next)
  }
}
