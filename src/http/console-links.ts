import { hash, hkdfSync } from 'node:crypto'
import type { Context } from 'hono'
import type { Config } from '../config/settings.ts'
import { createVault } from '../store/sealed.ts'
import type { ApiDeps, SharedDeps } from './api-env.ts'
import { baseUrlOf } from './docs/base-url.ts'

/** What the key of the console is derived for. */
const PURPOSE = 'console'

/**
 * Seals what the console gives away: sessions and links. All nodes derive its key from MASTER_KEY; where there is none, it lasts as long
 * as the process.
 */
export const createConsoleVault = ({ config, random }: Pick<ApiDeps, 'config' | 'random'>) => {
  const { masterKey } = config.storage
  const secret = masterKey ? Buffer.from(masterKey.reveal(), 'base64') : random(32)
  return createVault(random, Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32)))
}
export type ConsoleVault = ReturnType<typeof createConsoleVault>

/** Lets in as the partner until its time is over, or whatever it was made with lets nobody in any more. Nothing of it is stored. */
export interface ConsoleLink {
  partnerId: string
  /** The API key that it was made with; null: an operator has made it. */
  keyId: string | null
  /** Of an operator's: the `tokenMark` of the token that it was made with. */
  token?: string
  until: number
}

/** By what a link names an operator's token: `ADMIN_TOKEN`, which may be changed, by its hash. */
export const tokenMark = (id: string, { server: { adminToken } }: Pick<Config, 'server'>): string =>
  id === 'ADMIN_TOKEN' && adminToken ? hash('sha256', adminToken.reveal()) : id

const PREFIX = 'ifl_'
/** What links are sealed for, so that a session is not taken for one. */
const CONTEXT = 'console-link'

/** What a link says, whether or not its time is over; null: it is none of ours. */
export const openConsoleLink = (vault: ConsoleVault, token: string): ConsoleLink | null => {
  if (!token.startsWith(PREFIX)) return null
  try {
    return JSON.parse(vault.open(Buffer.from(token.slice(PREFIX.length), 'base64url'), CONTEXT)) as ConsoleLink
  } catch {
    return null
  }
}

/** Where whoever has it enters the partner's pages. */
export const consoleLinkUrl = (
  c: Context,
  { consoleVault, trustedProxies }: Pick<SharedDeps, 'consoleVault' | 'trustedProxies'>,
  link: ConsoleLink,
): string => {
  const token = `${PREFIX}${consoleVault.seal(JSON.stringify(link), CONTEXT).toString('base64url')}`
  return `${baseUrlOf(c, trustedProxies)}/console/enter?link=${token}`
}
