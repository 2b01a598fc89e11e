import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { setNewest } from '../../core/bounded-map.ts'
import { HOUR, SECOND } from '../../core/duration.ts'
import type { SharedDeps } from '../api-env.ts'
import { baseUrlOf } from '../docs/base-url.ts'

/** A signed-in operator or partner: the token for calls of the API, and the end of the session. */
export interface Session {
  id: string
  kind: 'operator' | 'partner'
  token: string
  /** Key of the rate limits: the id of the key or token; for an operator's link, the partner's id. */
  who: string
  until: number
}

const COOKIE = 'idface_console'
const LASTS_MS = 8 * HOUR
const MAX_ENDED = 10_000
/** Sealing context of the cookie, so that no other sealed value is accepted as a session. */
const CONTEXT = 'console'

/**
 * A session is its cookie, which holds the sealed token. It ends with the token, since each page calls the API with it;
 * after 8 hours; or by signing out. Only the node of the sign-out knows of it, until it restarts or `MAX_ENDED` later
 * sign-outs push it out.
 */
export const createSessions = ({
  consoleVault: vault,
  newId,
  now,
  trustedProxies,
}: Pick<SharedDeps, 'consoleVault' | 'newId' | 'now' | 'trustedProxies'>) => {
  const ended = new Map<string, true>()

  const read = (text: string): Session | null => {
    try {
      return JSON.parse(vault.open(Buffer.from(text, 'base64url'), CONTEXT)) as Session
    } catch {
      return null
    }
  }
  const of = (c: Context): Session | null => {
    const session = read(getCookie(c, COOKIE) ?? '')
    // Sessions of older versions have no `who`.
    return session?.who && session.until > now() && !ended.has(session.id) ? session : null
  }

  /** The console's path, below the path under which a proxy serves us. */
  const pathOf = (c: Context): string => `${new URL(baseUrlOf(c, trustedProxies)).pathname.replace(/\/$/, '')}/console`

  return {
    of,
    pathOf,
    begin: (c: Context, given: Pick<Session, 'kind' | 'token' | 'who'>, until = Number.POSITIVE_INFINITY) => {
      const session: Session = { ...given, id: newId('session'), until: Math.min(until, now() + LASTS_MS) }
      setCookie(c, COOKIE, vault.seal(JSON.stringify(session), CONTEXT).toString('base64url'), {
        path: pathOf(c),
        httpOnly: true,
        sameSite: 'Strict',
        secure: baseUrlOf(c, trustedProxies).startsWith('https:'),
        maxAge: Math.floor((session.until - now()) / SECOND),
      })
    },
    end: (c: Context): void => {
      const session = of(c)
      if (session) setNewest(ended, MAX_ENDED, [session.id, true])
      deleteCookie(c, COOKIE, { path: pathOf(c) })
    },
  }
}
export type Sessions = ReturnType<typeof createSessions>
