import type { Context } from 'hono'
import type { z } from 'zod'
import type { ErrorCode } from '../core/error.ts'
import type { AdminRoute } from './admin/authorize.ts'
import type { ApiEnv, PartDeps } from './api-env.ts'

export type Handle = (c: Context<ApiEnv>, deps: PartDeps) => Response | Promise<Response>

/** One call. What follows from its method, its path or its schemas is not repeated here. */
export interface Operation extends Partial<AdminRoute> {
  operationId: string
  summary: string
  description?: string
  /** Left out: it takes no parameters, which is seen to before. */
  query?: z.ZodObject
  body?: z.ZodType
  /** By HTTP status: the schema of the body; null: there is none. */
  answers: Readonly<Record<number, z.ZodType | null>>
  /** What it refuses beyond that. */
  problems?: readonly ErrorCode[]
  handle: Handle
}

/** By method and path as the router has them, such as `GET /v1/registrations/:id`. */
type Routes<Of> = Readonly<Record<`${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`, Of>>
export type PartnerCalls = Routes<Operation>
export type AdminCalls = Routes<Operation & AdminRoute>

/** The calls of several tags, with where they are called. `route` is their name in `PartnerCalls`. */
export const callsOf = (byTag: Readonly<Record<string, PartnerCalls>>) =>
  Object.entries(byTag).flatMap(([tag, calls]) =>
    Object.entries(calls).map(([route, operation]) => {
      const [method = '', path = ''] = route.split(' ')
      return { route, method, path, tag, isForOperators: path.startsWith('/v1/admin/'), operation }
    }),
  )
export type Call = ReturnType<typeof callsOf>[number]
