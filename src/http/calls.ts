import type { Context, Hono } from 'hono'
import type { z } from 'zod'
import type { ErrorCode } from '../core/error.ts'
import { type AdminRoute, createAudit, requireRole } from './admin/authorize.ts'
import type { ApiEnv, PartDeps } from './api-env.ts'
import { type Noun, readId } from './json/problem.ts'
import { readBody } from './json/request-body.ts'
import { noQuery, readQuery } from './json/validate.ts'

type Answers = Readonly<Record<number, z.ZodType | null>>

/** One call. Facts that follow from its method, path or schemas are not repeated here. */
export interface Operation extends Partial<AdminRoute> {
  operationId: string
  summary: string
  description?: string
  /** Left out: it takes no parameters; they are refused before its handler. */
  query?: z.ZodType
  body?: z.ZodType
  /** Schema of the body by HTTP status; null: no body. */
  answers: Answers
  /** Its problems beyond those that `problemsOf` derives. */
  problems?: readonly ErrorCode[]
  createHandler: (deps: PartDeps, method: string) => (c: Context<ApiEnv>) => Response | Promise<Response>
}

/** `input` has what the schemas of the operation read; `id` is the `:id` of the path. */
export type Handle<Query = unknown, Body = unknown> = (
  c: Context<ApiEnv>,
  deps: PartDeps,
  input: { query: Query; id: string; body: Body },
) => Response | Promise<Response>

interface Declared<Query, Body, Of> extends Omit<Operation, 'query' | 'body' | 'answers' | 'createHandler'> {
  query?: z.ZodType<Query>
  /** The noun of an `:id` that must have the form of an id. */
  id?: Noun
  body?: z.ZodType<Body>
  /** Returns `body` with its checks that depend on settings or the time. */
  bodyFor?: (deps: Pick<PartDeps, 'judgeUrl' | 'now'>) => z.ZodType<Body>
  /** Maximum number of bytes of the body; 64 KiB by default. */
  limit?: number
  answers: Of
  handle: Handle<Query, Body>
}

/** Whether the body may be empty, which then stands for `{}`. */
export const isBodyOptional = (method: string, body: z.ZodType): boolean =>
  method === 'POST' && body.safeParse({}).success

/** Returns the operation whose handler reads the parameters, the id and the body, in this order, for `handle`. */
export const operation = <Of extends Answers, Query = undefined, Body = undefined>({
  handle,
  id: noun,
  bodyFor,
  limit,
  ...declared
}: Declared<Query, Body, Of>): Omit<Operation, 'answers'> & { answers: Of } => ({
  ...declared,
  createHandler: (deps, method) => {
    const body = bodyFor?.(deps) ?? declared.body
    const mayBeEmpty = declared.body !== undefined && isBodyOptional(method, declared.body)
    /** Keeps the reason of an act for the audit. */
    const kept = <T>(c: Context<ApiEnv>, input: T): T => {
      const { reason = null } = (input ?? {}) as { reason?: string }
      if (declared.act && reason !== null) c.set('reason', reason)
      return input
    }
    return async c => {
      const query = declared.query && kept(c, readQuery(c, declared.query))
      const named = c.req.param('id') ?? ''
      const id = noun ? readId(named, noun) : named
      const read = body && kept(c, await readBody(c, body, { limit, mayBeEmpty }))
      return handle(c, deps, { query, id, body: read } as Parameters<typeof handle>[2])
    }
  },
})

/** Returns the operation for operators of `role`; the audit records it as `act`, with the `reason` of its input. */
export const adminOperation = <Of extends Answers, Query = undefined, Body = undefined>(
  declared: Declared<Query, Body, Of> & AdminRoute,
): Omit<Operation, 'answers'> & AdminRoute & { answers: Of } => ({ ...operation(declared), role: declared.role })

/** Keyed by method and path as the router has them, such as `GET /v1/registrations/:id`. */
type Routes<Of> = Readonly<Record<`${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`, Of>>
export type PartnerCalls = Routes<Operation>
export type AdminCalls = Routes<Operation & AdminRoute>

/** Returns the calls of several tags with method, path and tag. `route` is their name in `PartnerCalls`. */
export const callsOf = (byTag: Readonly<Record<string, PartnerCalls>>) =>
  Object.entries(byTag).flatMap(([tag, calls]) =>
    Object.entries(calls).map(([route, operation]) => {
      const [method = '', path = ''] = route.split(' ')
      return { route, method, path, tag, isForOperators: path.startsWith('/v1/admin/'), operation }
    }),
  )
export type Call = ReturnType<typeof callsOf>[number]

/** Adds the calls to the app, each with the checks and the audit that it declares. */
export const addCalls = (app: Hono<ApiEnv>, byTag: Readonly<Record<string, PartnerCalls>>, deps: PartDeps): void => {
  const audit = createAudit(deps)
  for (const { method, path, operation } of callsOf(byTag)) {
    const { query, role, act, createHandler } = operation
    if (act) app.on(method, path, audit(act))
    if (role) app.on(method, path, requireRole(role))
    if (!query) app.on(method, path, noQuery)
    app.on(method, path, createHandler(deps, method))
  }
}
