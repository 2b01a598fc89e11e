import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { readAdminToken } from '../../core/api-key.ts'
import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Secret } from '../../core/secret.ts'
import type { ApiEnv, Operator, PartDeps } from '../api-env.ts'
import { clientAddress } from '../caller.ts'
import { createBuckets } from '../rates.ts'
import { createConcurrencyLimit, createKeyCache, readToken, refusalOf } from './authenticate.ts'

/** Maximum number of requests of one token at a time, to leave threads and connections to other callers. */
const MAX_CONCURRENT_OF_TOKEN = 16
/** Rate of events about wrong tokens, of all networks together. */
const LOGIN_FAILED_RATE = { rate: SECOND / MINUTE, burst: 20 }
const BY_SETTING: Operator = { id: 'ADMIN_TOKEN', name: 'ADMIN_TOKEN', role: 'admin' }

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Returns a check whether a text is the secret. It compares hashes, so that it does not show the secret's length. */
export const createSecretCheck = (secret: Secret): ((text: string) => boolean) => {
  const expected = sha256(secret.reveal())
  return text => timingSafeEqual(sha256(text), expected)
}

/**
 * Authenticates operators by `ADMIN_TOKEN` or a token of the database, and sets `operator`. Each token has a rate and a
 * maximum of requests at a time. Without `ADMIN_TOKEN`, callers that send no text with a database token's form get 404.
 */
export const createAdminAuth = (deps: PartDeps): MiddlewareHandler<ApiEnv> => {
  const { store, now } = deps
  const { adminToken } = deps.config.server
  const isSettings = adminToken && createSecretCheck(adminToken)
  const takeLoginFailedToken = createBuckets(deps)
  const atOnce = createConcurrencyLimit(MAX_CONCURRENT_OF_TOKEN)
  const ownerOf = createKeyCache({ find: store.findAdminToken, touch: store.touchAdminTokens, now })

  const byDatabase = async (token: { id: string; hash: Buffer }): Promise<Operator | null> => {
    const owner = await ownerOf(token)
    return owner && { id: token.id, name: owner.name, role: owner.role }
  }

  return async function authenticateOperator(c, next) {
    const text = readToken(c.req.header('authorization'))
    const token = readAdminToken(text)
    if (!isSettings && !token) return c.notFound()
    const operator = isSettings?.(text) ? BY_SETTING : token && (await byDatabase(token))
    if (!operator) {
      const refused = refusalOf(c, deps)
      if (text !== '' && takeLoginFailedToken('', LOGIN_FAILED_RATE) === null)
        deps.emit('admin.login_failed', { address: clientAddress(c, deps.trustedProxies) })
      throw refused
    }
    c.set('operator', operator)
    return atOnce(operator.id, c, () => {
      deps.rates.take('requests', operator.id)
      return next()
    })
  }
}
