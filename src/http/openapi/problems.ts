import { z } from 'zod'
import type { AppError, ErrorCode } from '../../core/error.ts'
import { ADMIN_ROUTES } from '../admin/routes.ts'
import { PROBLEMS, problemOf } from '../json/problem.ts'
import { check, invalid } from '../json/validate.ts'
import { type Call, HEADERS, type Operation, type Told } from './operation.ts'
import { subjectOf } from './path-parameters.ts'
import type { Requests } from './schemas.ts'

type Code = ErrorCode | 'internal'

const BODY_PROBLEMS: readonly Code[] = ['invalid_json', 'payload_too_large', 'unsupported_media_type', 'invalid_body']
const ACCESS_PROBLEMS: Readonly<Record<Operation['access'], readonly Code[]>> = {
  partner: ['invalid_query', 'unauthorized', 'too_many_requests', 'internal', 'unavailable'],
  // All of these calls are 404 while there is no admin token.
  admin: ['invalid_query', 'unauthorized', 'forbidden', 'not_found', 'too_many_requests', 'internal', 'unavailable'],
  metrics: ['unauthorized', 'too_many_requests'],
  open: [],
}
const HEADERS_OF: Partial<Record<Code, keyof typeof HEADERS>> = {
  unauthorized: 'www-authenticate',
  too_many_requests: 'retry-after',
  unavailable: 'retry-after',
}
const REQUEST_ID = 'req_01KAW2X5G0R1S2T3V4W5X6Y7Z8'

/** What each says where the call has nothing of its own to say. */
const TOLD: Readonly<Partial<Record<Code, string>>> = {
  invalid_json: 'The body is not valid JSON: see position 12 (line 1 column 13).',
  unauthorized:
    'Send "authorization: Bearer <key>". Check that the key is copied whole (it begins with "ifn_"), is not revoked, and is one of this service.',
  forbidden: 'This needs a token with the role admin; yours has the role read.',
  not_found: 'This address does not exist. See /docs for those that do.',
  payload_too_large: 'The body must be at most 64 KiB.',
  unsupported_media_type: 'Send the body as UTF-8 with "content-type: application/json".',
  too_many_requests: 'This key may make 200 requests a second, in bursts of twice that.',
  internal: `The log has it under the request id ${REQUEST_ID}.`,
  unavailable: 'the database cannot be used now (another process keeps it busy: SQLITE_BUSY)',
}

const WRONG_TOKEN = 'Send "authorization: Bearer <key>" with a valid key that has not been revoked.'
const WRONG_KEYS = 'Too many calls with a wrong key have come from your address.'

/** The problems that a call can have, by status. */
const problemsOf = ({ path, operation }: Call): Map<number, Code[]> => {
  const { access, body, problems = {} } = operation
  const codes = new Set<Code>([
    ...ACCESS_PROBLEMS[access],
    ...(body ? BODY_PROBLEMS : []),
    ...(path.includes('/:id') ? (['not_found'] as const) : []),
    ...(Object.keys(problems) as ErrorCode[]),
  ])
  return Map.groupBy(codes, code => PROBLEMS[code].status)
}

export const problemStatuses = (call: Call): number[] => [...problemsOf(call).keys()]

const toldBy = ({ detail, errors }: AppError): Told => ({ detail: detail.en, errors })

/** What the schema itself says of values that no field takes: of the first field, as if the others were right. */
const refusalOf = (source: 'body' | 'query', schema: z.ZodObject): Told => {
  const wrong = source === 'body' ? null : ''
  const values = Object.fromEntries(Object.keys(schema.shape).map(name => [name, wrong]))
  const unknown = check({ unknown: wrong }, z.strictObject({}))
  for (const checked of [check(values, schema), check({ ...values, unknown: wrong }, schema), unknown])
    if ('errors' in checked) return toldBy(invalid(source, checked.errors.slice(0, 1)))
  throw new Error('an empty schema has taken a field')
}

/** What this call says in words of its own, for a code; null: what all calls say. */
const ownTold = ({ route, path, operation }: Call, code: Code, requests: Requests): readonly Told[] | null => {
  const { query, body, problems = {} } = operation
  if (code === 'internal') return null
  if (problems[code]) return problems[code]
  if (code === 'invalid_body' && body) return [refusalOf('body', requests[body])]
  if (code === 'invalid_query' && query) return [refusalOf('query', query)]
  const noun = subjectOf(path)?.noun
  if (code === 'not_found' && noun) return [{ detail: `There is no ${noun} with this id.` }]
  const role = ADMIN_ROUTES[route]?.role
  if (code === 'forbidden' && role && role !== 'read')
    return [{ detail: `This needs a token with the role ${role}; yours has the role read.` }]
  return null
}

/** What all calls of this access say. */
const commonTold = (code: Code, access: Operation['access']): readonly Told[] => {
  if (code === 'invalid_query') return [refusalOf('query', z.strictObject({}))]
  // ADMIN_TOKEN has no form of its own to look for.
  if (code === 'unauthorized' && access !== 'partner') return [{ detail: WRONG_TOKEN }]
  // Operators have no rate but that of wrong keys.
  if (code === 'too_many_requests' && access !== 'partner') return [{ detail: WRONG_KEYS }]
  return [{ detail: TOLD[code] ?? PROBLEMS[code].title.en }]
}

/** In English, like the whole document. */
const exampleOf = (code: Code, { detail, ...told }: Told) =>
  problemOf({ code, detail: { en: detail, zh: detail }, ...told, requestId: REQUEST_ID }, 'en')

const examplesOf = (code: Code, told: readonly Told[]) =>
  told.map((one, n) => [
    n === 0 ? code : `${code}_${n + 1}`,
    { summary: PROBLEMS[code].title.en, value: exampleOf(code, one) },
  ])

const nameOf = (codes: readonly Code[]): string => codes.join('_or_')

const responseOf = (codes: readonly Code[], toldOf: (code: Code) => readonly Told[]) => {
  const headers = ['content-language' as const, ...codes.flatMap(code => HEADERS_OF[code] ?? [])]
  return {
    description: codes.map(code => `\`${code}\`: ${PROBLEMS[code].title.en}.`).join(' '),
    headers: Object.fromEntries(headers.map(name => [name, HEADERS[name]])),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.flatMap(code => examplesOf(code, toldOf(code)))),
      },
    },
  }
}

/** The problems of a call by status: those that it shares with others refer to `commonResponses`. */
export const problemResponses = (call: Call, requests: Requests) =>
  Object.fromEntries(
    [...problemsOf(call)].map(([status, codes]) => {
      const own = new Map(codes.map(code => [code, ownTold(call, code, requests)]))
      const isCommon = [...own.values()].every(told => told === null)
      return [
        status,
        isCommon
          ? { $ref: `#/components/responses/${nameOf(codes)}` }
          : responseOf(codes, code => own.get(code) ?? commonTold(code, call.operation.access)),
      ]
    }),
  )

/** What several calls answer word for word, by the names that they refer to. */
export const commonResponses = (calls: readonly Call[]) =>
  Object.fromEntries(
    calls.flatMap(call =>
      [...problemsOf(call).values()].map(codes => [
        nameOf(codes),
        responseOf(codes, code => commonTold(code, call.operation.access)),
      ]),
    ),
  )
