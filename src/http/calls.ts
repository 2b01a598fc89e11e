import type { Context } from 'hono'
import type { z } from 'zod'
import type { ErrorCode } from '../core/error.ts'
import type { AdminRoute } from './admin/authorize.ts'
import type { ApiEnv, PartDeps } from './api-env.ts'

export type Handle = (c: Context<ApiEnv>, deps: PartDeps) => Response | Promise<Response>

/** One call. Facts that follow from its method, path or schemas are not repeated here. */
export interface Operation extends Partial<AdminRoute> {
  operationId: string
  summary: string
  description?: string
  /** Left out: it takes no parameters; they are refused before `handle`. */
  query?: z.ZodObject
  body?: z.ZodType
  /** Schema of the body by HTTP status; null: no body. */
  answers: Readonly<Record<number, z.ZodType | null>>
  /** Its problems beyond those that `problemsOf` derives. */
  problems?: readonly ErrorCode[]
  handle: Handle
}

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
