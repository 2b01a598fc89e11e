import { STATUS_CODES } from 'node:http'
import type { Language } from '../../core/language.ts'
import { PROBLEMS } from '../json/problem.ts'
import type { JsonSchema } from './json-schemas.ts'
import { type Call, type ProblemCode, problemsOf } from './operation.ts'

const header = (description: string, schema: JsonSchema = { type: 'string' }) => ({ description, schema })
const REQUEST_ID = { 'x-request-id': header('Names this call in the log of the service.') }
const LOCATION = { location: header('The address of the new object.') }
const CONTENT_LANGUAGE = {
  'content-language': header('The language of its texts.', { type: 'string', enum: ['en', 'zh'] }),
}
const RETRY_AFTER = { 'retry-after': header('Seconds to wait.', { type: 'integer', minimum: 0 }) }
const HEADERS_OF: Partial<Record<ProblemCode, object>> = {
  unauthorized: { 'www-authenticate': header('How to authenticate.') },
  too_many_requests: RETRY_AFTER,
  unavailable: RETRY_AFTER,
}

/** What a call answers if all is well. */
export const answerOf = (status: number, schema: JsonSchema | undefined) => ({
  description: `${STATUS_CODES[status]}.`,
  headers: { ...REQUEST_ID, ...(status === 201 ? LOCATION : {}) },
  ...(schema ? { content: { 'application/json': { schema } } } : {}),
})

const nameOf = (codes: readonly ProblemCode[]): string => codes.join('_or_')

/** What a call answers otherwise, by status. */
export const refusalsOf = (call: Call) =>
  Object.fromEntries(
    [...problemsOf(call)].map(([status, codes]) => [status, { $ref: `#/components/responses/${nameOf(codes)}` }]),
  )

const listed = (codes: readonly ProblemCode[], language: Language): string =>
  language === 'zh'
    ? codes.map(code => `\`${code}\`：${PROBLEMS[code].title.zh}。`).join('')
    : codes.map(code => `\`${code}\`: ${PROBLEMS[code].title.en}.`).join(' ')

/** The answers that `refusalsOf` names. */
export const problemResponses = (calls: readonly Call[], schema: JsonSchema, language: Language) =>
  Object.fromEntries(
    calls.flatMap(call =>
      [...problemsOf(call).values()].map(codes => [
        nameOf(codes),
        {
          description: listed(codes, language),
          headers: Object.assign({ ...REQUEST_ID, ...CONTENT_LANGUAGE }, ...codes.map(code => HEADERS_OF[code])),
          content: { 'application/problem+json': { schema } },
        },
      ]),
    ),
  )
