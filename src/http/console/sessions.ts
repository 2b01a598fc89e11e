import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { setNewest } from '../../core/bounded-map.ts'
import { HOUR, SECOND } from '../../core/duration.ts'
import type { SharedDeps } from '../api-env.ts'
import { baseUrlOf } from '../docs/base-url.ts'

/** Who has signed in: with what the API is called, and until when. */
export interface Session {
  id: string
  kind: 'operator' | 'partner'
  token: string
  /** Whose rates count: the id of the key or token, or, of an operator's link, the partner's. */
  who: string
  until: number
}

const COOKIE = 'idface_console'
const LASTS_MS = 8 * HOUR
const MOST_ENDED = 10_000
/** What a cookie is sealed for, so that it is taken for nothing else. */
const CONTEXT = 'console'

/**
 * A session is its cookie: the token, sealed. It ends with the token, since each page calls the API with that; after 8 hours; and by
 * signing out, which the node that did it remembers until it restarts, or `MOST_ENDED` more have.
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
    // Those of older versions do not say whose they are.
    return session?.who && session.until > now() && !ended.has(session.id) ? session : null
  }

  /** Below whatever path a proxy serves us. */
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
      if (session) setNewest(ended, MOST_ENDED, [session.id, true])
      deleteCookie(c, COOKIE, { path: pathOf(c) })
    },
  }
}
export type Sessions = ReturnType<typeof createSessions>
