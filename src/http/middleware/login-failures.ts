import type { Context } from 'hono'
import { networkOf } from '../../core/address.ts'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { clientAddress, type TrustedProxies } from './client-address.ts'
import { createRateLimit, type SharedRate } from './rate-limit.ts'

/** Failed logins of one network before it has to wait. */
const FAILED_LOGINS = { rate: 1, burst: 50 }
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/** These texts are the same for every reason, so that they do not show which keys exist. */
const WRONG_TOKEN = {
  en: 'Send "authorization: Bearer <key>" with a valid key that has not been revoked.',
  zh: '请发送 "authorization: Bearer <key>"，其中的密钥必须有效且未被吊销。',
}
export const WRONG_KEY = {
  en: 'Send "authorization: Bearer <key>". Check that the key is copied whole (it begins with "ifn_"), is not revoked, and is one of this service.',
  zh: '请发送 "authorization: Bearer <key>"，并检查密钥：是否复制完整（以 "ifn_" 开头）、未被吊销，并且由本服务签发。',
}
const WRONG_KEYS = {
  en: 'Too many calls with a wrong key have come from your address.',
  zh: '该 IP 地址使用错误密钥的请求过多。',
}
/** By its form alone, so that it does not show which secrets exist. */
const SIGNING_SECRET = {
  en: 'This is the form of a signing secret, which verifies webhooks. Send your API key instead, which begins with "ifn_".',
  zh: '这是签名密钥，只用于验签。请改用以 "ifn_" 开头的 API 密钥。',
}
const isSigningSecret = (token: string): boolean => /^wh(sec|pk|sk)_/.test(token)

export const readToken = (header: string | undefined): string => BEARER.exec(header ?? '')?.[1] ?? ''

export interface LoginFailureDeps extends SharedRate {
  now: () => number
  trustedProxies: TrustedProxies
}

/**
 * The answer to who has sent no right key: 401. Throws 429 where too many wrong ones have come from the caller's network. Nothing
 * else asks this count: nobody is locked out by others behind the same address. Whoever sends none has guessed nothing.
 *
 * @param wrong what is said of a wrong key
 */
export const createLoginFailures = (
  { now, rateShare, trustedProxies }: LoginFailureDeps,
  wrong: Words = WRONG_TOKEN,
) => {
  const take = createRateLimit({
    now,
    rateShare,
    detail: WRONG_KEYS,
  })
  return (c: Context): AppError => {
    const token = readToken(c.req.header('authorization'))
    if (token !== '') take(networkOf(clientAddress(c, trustedProxies)), FAILED_LOGINS)
    return new AppError('unauthorized', isSigningSecret(token) ? SIGNING_SECRET : wrong)
  }
}
