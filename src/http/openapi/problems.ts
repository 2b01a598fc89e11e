import { z } from 'zod'
import type { AppError, ErrorCode } from '../../core/error.ts'
import type { Language, Words } from '../../core/language.ts'
import { ADMIN_ROUTES } from '../admin/routes.ts'
import { noneWithId } from '../json/found.ts'
import { PROBLEMS, problemOf } from '../json/problem.ts'
import { check, invalid } from '../json/validate.ts'
import { WRONG_KEY, WRONG_KEYS, WRONG_TOKEN } from '../middleware/login-failures.ts'
import { keyRateWords } from '../middleware/rate-limit.ts'
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

const needsRole = (role: string): Words => ({
  en: `This needs a token with the role ${role}; yours has the role read.`,
  zh: `该操作需要 ${role} 角色的令牌；当前令牌的角色是 read。`,
})

/** What each says where the call has nothing of its own to say. */
const TOLD: Readonly<Partial<Record<Code, Words>>> = {
  invalid_json: {
    en: 'The body is not valid JSON: see position 12 (line 1 column 13).',
    zh: '请求体不是有效的 JSON：请检查位置 12（第 1 行第 13 列）。',
  },
  unauthorized: WRONG_KEY,
  forbidden: needsRole('admin'),
  not_found: {
    en: 'This address does not exist. See /docs for those that do.',
    zh: '该地址不存在。可用的地址见 /docs。',
  },
  payload_too_large: { en: 'The body must be at most 64 KiB.', zh: '请求体不能超过 64 KiB。' },
  unsupported_media_type: {
    en: 'Send the body as UTF-8 with "content-type: application/json".',
    zh: '请以 UTF-8 发送请求体，并带上 "content-type: application/json"。',
  },
  too_many_requests: keyRateWords(200),
  internal: {
    en: `The log has it under the request id ${REQUEST_ID}.`,
    zh: `日志中的请求 id 为 ${REQUEST_ID}。`,
  },
  unavailable: {
    en: 'the database cannot be used now (another process keeps it busy: SQLITE_BUSY)',
    zh: '数据库暂时无法使用（被另一个进程占用：SQLITE_BUSY）',
  },
}

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

const toldBy = ({ detail, errors }: AppError): Told => ({ detail, errors })

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
  if (code === 'not_found' && noun) return [{ detail: noneWithId(noun) }]
  const role = ADMIN_ROUTES[route]?.role
  if (code === 'forbidden' && role && role !== 'read') return [{ detail: needsRole(role) }]
  return null
}

/** What all calls of this access say. */
const commonTold = (code: Code, access: Operation['access']): readonly Told[] => {
  if (code === 'invalid_query') return [refusalOf('query', z.strictObject({}))]
  // ADMIN_TOKEN has no form of its own to look for.
  if (code === 'unauthorized' && access !== 'partner') return [{ detail: WRONG_TOKEN }]
  // Operators have no rate but that of wrong keys.
  if (code === 'too_many_requests' && access !== 'partner') return [{ detail: WRONG_KEYS }]
  return [{ detail: TOLD[code] ?? PROBLEMS[code].title }]
}

const examplesOf = (code: Code, told: readonly Told[], language: Language) =>
  told.map((one, n) => [
    n === 0 ? code : `${code}_${n + 1}`,
    { summary: PROBLEMS[code].title[language], value: problemOf({ code, ...one, requestId: REQUEST_ID }, language) },
  ])

const LISTED: Readonly<Record<Language, (codes: readonly Code[]) => string>> = {
  en: codes => codes.map(code => `\`${code}\`: ${PROBLEMS[code].title.en}.`).join(' '),
  zh: codes => codes.map(code => `\`${code}\`：${PROBLEMS[code].title.zh}。`).join(''),
}

const nameOf = (codes: readonly Code[]): string => codes.join('_or_')

const responseOf = (codes: readonly Code[], language: Language, toldOf: (code: Code) => readonly Told[]) => {
  const headers = [
    'x-request-id' as const,
    'content-language' as const,
    ...codes.flatMap(code => HEADERS_OF[code] ?? []),
  ]
  return {
    description: LISTED[language](codes),
    headers: Object.fromEntries(headers.map(name => [name, HEADERS[name]])),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.flatMap(code => examplesOf(code, toldOf(code), language))),
      },
    },
  }
}

/** The problems of a call by status: those that it shares with others refer to `commonResponses`. */
export const problemResponses = (call: Call, requests: Requests, language: Language) =>
  Object.fromEntries(
    [...problemsOf(call)].map(([status, codes]) => {
      const own = new Map(codes.map(code => [code, ownTold(call, code, requests)]))
      const isCommon = [...own.values()].every(told => told === null)
      return [
        status,
        isCommon
          ? { $ref: `#/components/responses/${nameOf(codes)}` }
          : responseOf(codes, language, code => own.get(code) ?? commonTold(code, call.operation.access)),
      ]
    }),
  )

/** What several calls answer word for word, by the names that they refer to. */
export const commonResponses = (calls: readonly Call[], language: Language) =>
  Object.fromEntries(
    calls.flatMap(call =>
      [...problemsOf(call).values()].map(codes => [
        nameOf(codes),
        responseOf(codes, language, code => commonTold(code, call.operation.access)),
      ]),
    ),
  )
