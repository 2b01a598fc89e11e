import type { Context } from 'hono'
import type { z } from 'zod'
import type { ErrorCode } from '../core/error.ts'
import type { AdminRoute } from './admin/authorize.ts'
import type { ApiEnv, PartDeps } from './api-env.ts'

/** One documented call. What follows from its method, its path or its schemas is not repeated here. */
export interface Operation extends Partial<AdminRoute> {
  operationId: string
  summary: string
  description?: string
  query?: z.ZodObject
  body?: z.ZodType
  /** By HTTP status: the schema of the body; null: there is none. */
  answers: Readonly<Record<number, z.ZodType | null>>
  /** What it refuses beyond that. */
  problems?: readonly ErrorCode[]
}

/** By method and path as the router has them, such as `GET /v1/registrations/:id`. */
type Routes<Described> = Readonly<Record<`${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`, Described>>
export type Operations = Routes<Operation>
/** Calls of partners, each with what answers it. A call without `query` takes no parameters. */
export type PartnerCalls = Routes<
  Operation & { handle: (c: Context<ApiEnv>, deps: PartDeps) => Response | Promise<Response> }
>
