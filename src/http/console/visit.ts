import type { Context } from 'hono'
import type { Role } from '../../core/role.ts'
import type { ApiEnv } from '../api-env.ts'
import type { Method, Query } from './api-calls.ts'
import type { ConsolePage, Reader } from './page.ts'
import type { Session } from './sessions.ts'

/** The fields of a posted form. */
export type Form = Readonly<Partial<Record<string, string>>>

/** The context of one request of a signed-in caller. */
export interface Visit extends Reader {
  c: Context<ApiEnv>
  session: Session
  /** The `:id` of the path, URL-encoded. */
  id: string
  /** Base URL under which the caller reaches the API. */
  baseUrl: string
  /** Calls the API as the signed-in caller. */
  call: <Answer>(method: Method, path: string, more?: { query?: Query | undefined; body?: unknown }) => Promise<Answer>
  now: () => number
  /** Whether the signed-in caller may make a call of the API. Pages leave out calls that would be refused. */
  may: (call: { role: Role }) => Promise<boolean>
  /** The posted form. */
  form: () => Promise<Form>
}

export type Made = ConsolePage | string | Response

export interface Console {
  /** Adds a page for callers without a session. */
  open: (
    method: 'GET' | 'POST',
    path: string,
    make: (c: Context<ApiEnv>, reader: Reader) => Promise<ConsolePage | string>,
  ) => void
  /** Adds a page; `make` may return a path to redirect to, or a download. With `asksFor`, other roles are refused. */
  page: (path: string, make: (visit: Visit) => Promise<Made>, asksFor?: { role: Role }) => void
  /** Adds the action of a form. `run` returns the page of the result, or its path; by default that of the page above. */
  act: (path: string, run: (visit: Visit) => Promise<string | ConsolePage | undefined>) => void
}
