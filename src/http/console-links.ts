import { hash, hkdfSync } from 'node:crypto'
import type { Context } from 'hono'
import type { Config } from '../config/settings.ts'
import { createVault } from '../store/sealed.ts'
import type { ApiDeps, SharedDeps } from './api-env.ts'
import { baseUrlOf } from './docs/base-url.ts'

/** Purpose that the console's key is derived for. */
const PURPOSE = 'console'

/**
 * Seals the sessions and links of the console. All nodes derive its key from MASTER_KEY; without one, a random key
 * lasts as long as the process.
 */
export const createConsoleVault = ({ config, random }: Pick<ApiDeps, 'config' | 'random'>) => {
  const { masterKey } = config.storage
  const secret = masterKey ? Buffer.from(masterKey.reveal(), 'base64') : random(32)
  return createVault(random, Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32)))
}
export type ConsoleVault = ReturnType<typeof createConsoleVault>

/** Grants access as the partner until `until`, while its key or token works. Nothing of it is stored. */
export interface ConsoleLink {
  partnerId: string
  /** API key that made it; null: an operator made it. */
  keyId: string | null
  /** Of an operator's link: the `tokenMark` of the token that made it. */
  token?: string
  until: number
}

/** Returns the name of an operator's token in a link. `ADMIN_TOKEN` is named by its hash, since it may be changed. */
export const tokenMark = (id: string, { server: { adminToken } }: Pick<Config, 'server'>): string =>
  id === 'ADMIN_TOKEN' && adminToken ? hash('sha256', adminToken.reveal()) : id

const PREFIX = 'ifl_'
export const isConsoleLink = (token: string): boolean => token.startsWith(PREFIX)
/** Sealing context of links, so that a session is not taken for one. */
const CONTEXT = 'console-link'

/** Returns the content of a link, expired or not; null if the link is not ours. */
export const openConsoleLink = (vault: ConsoleVault, token: string): ConsoleLink | null => {
  if (!isConsoleLink(token)) return null
  try {
    return JSON.parse(vault.open(Buffer.from(token.slice(PREFIX.length), 'base64url'), CONTEXT)) as ConsoleLink
  } catch {
    return null
  }
}

/** Returns the URL at which the holder of the link enters the partner's pages. */
export const consoleLinkUrl = (
  c: Context,
  { consoleVault, trustedProxies }: Pick<SharedDeps, 'consoleVault' | 'trustedProxies'>,
  link: ConsoleLink,
): string => {
  const token = `${PREFIX}${consoleVault.seal(JSON.stringify(link), CONTEXT).toString('base64url')}`
  return `${baseUrlOf(c, trustedProxies)}/console/enter?link=${token}`
}
