import type { z } from 'zod'
import type { ErrorCode } from '../../core/error.ts'
import type { ADMIN_ANSWERS } from './admin-answers.ts'
import type { PARTNER_ANSWERS } from './answers.ts'
import type { Requests } from './requests.ts'

export type AnswerName = keyof typeof PARTNER_ANSWERS | keyof typeof ADMIN_ANSWERS

interface Answered {
  description: string
  /** None: there is no body. */
  schema?: AnswerName
  /** Where the body is no JSON of ours. */
  mediaType?: 'text/html' | 'application/json'
  headers?: readonly ('location' | 'content-language')[]
}

/** One call as it is documented; what follows from its access, its query and its body is not repeated here. */
export interface Operation {
  operationId: string
  tag: 'Registrations' | 'Delivery' | 'Account' | 'Admin' | 'Service'
  access: 'partner' | 'admin' | 'open'
  summary: string
  description?: string
  /** Absent: the call takes no parameters. */
  query?: z.ZodObject
  body?: keyof Requests
  bodyIsOptional?: boolean
  acceptsLanguage?: boolean
  /** By HTTP status. */
  answers: Readonly<Record<number, Answered>>
  problems?: readonly ErrorCode[]
}

/** By method and path as the router has them: `GET /v1/registrations/:id`. */
export type Operations = Readonly<Record<`${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`, Operation>>
