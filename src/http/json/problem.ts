import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { SECOND } from '../../core/duration.ts'
import { AppError, type ErrorCode, type FieldError } from '../../core/error.ts'
import type { Language, Words } from '../../core/language.ts'
import { languageOf } from '../language.ts'

type ProblemCode = ErrorCode | 'method_not_allowed' | 'internal'

/** Status and title of every problem code; `docs/problems.md` has a paragraph on each. */
export const PROBLEMS: Readonly<Record<ProblemCode, { status: ContentfulStatusCode; title: Words }>> = {
  invalid_json: { status: 400, title: { en: 'The body is not valid JSON', zh: '请求体不是有效的 JSON' } },
  invalid_query: { status: 400, title: { en: 'Invalid query parameters', zh: '查询参数有误' } },
  unauthorized: { status: 401, title: { en: 'A valid key is required', zh: '需要有效的密钥' } },
  forbidden: { status: 403, title: { en: 'Not allowed', zh: '不允许该操作' } },
  not_found: { status: 404, title: { en: 'Not found', zh: '不存在' } },
  method_not_allowed: { status: 405, title: { en: 'Method not allowed', zh: '不支持该请求方法' } },
  conflict: { status: 409, title: { en: 'Conflict with the current state', zh: '与当前状态冲突' } },
  has_verdict: { status: 409, title: { en: 'The registration has ended', zh: '登记已结束' } },
  payload_too_large: { status: 413, title: { en: 'The body is too large', zh: '请求体过大' } },
  unsupported_media_type: {
    status: 415,
    title: { en: 'The body must be application/json', zh: '请求体必须是 application/json' },
  },
  invalid_body: { status: 422, title: { en: 'Invalid fields in the body', zh: '请求体中的字段有误' } },
  too_many_requests: { status: 429, title: { en: 'Too many requests', zh: '请求过于频繁' } },
  internal: { status: 500, title: { en: 'Internal error', zh: '内部错误' } },
  unavailable: { status: 503, title: { en: 'Temporarily unavailable', zh: '服务暂时不可用' } },
}

/** RFC 9457. */
export const PROBLEM = z
  .strictObject({
    type: z
      .string()
      .meta({ description: 'The address of a page that says what to do.', examples: ['/docs/problems#conflict'] }),
    title: z
      .string()
      .meta({ description: 'The same for all problems of the type.', examples: [PROBLEMS.conflict.title.en] }),
    status: z
      .int()
      .min(400)
      .max(599)
      .meta({ description: 'The status of the answer, or of the item of a batch.', examples: [409] }),
    detail: z.string().meta({
      description: 'What is wrong this time, and what to do.',
      examples: ['This serial is registered by another partner.'],
    }),
    errors: z
      .array(
        z.strictObject({
          path: z.string().describe('The path of the field, such as `filter.since`.'),
          message: z.string().describe('What the value must be.'),
        }),
      )
      .exactOptional()
      .describe('Every invalid field or parameter.'),
    nextCursor: z
      .string()
      .exactOptional()
      .describe('Only for a cursor of events that a restore has ended: the cursor to go on with.'),
    requestId: z
      .string()
      .exactOptional()
      .describe(
        'The x-request-id of this answer, by which the operator finds it in the log; an item of a batch has none.',
      ),
  })
  .meta({ id: 'Problem', description: 'Why a call was refused, as in RFC 9457.' })
export type ProblemAnswer = z.output<typeof PROBLEM>

interface Problem {
  code: ProblemCode
  detail: Words
  errors?: readonly FieldError[]
  /** Of an event cursor that a restore has made invalid: the cursor to go on with. */
  nextCursor?: string
  /** Id of the request that is answered. */
  requestId?: string
  headers?: Record<string, string>
}

/** Returns the RFC 9457 document for a problem, in the language of its reader. */
export const problemOf = (
  { code, detail, errors = [], nextCursor, requestId }: Problem,
  language: Language,
): ProblemAnswer => ({
  type: `/docs/problems#${code}`,
  title: PROBLEMS[code].title[language],
  status: PROBLEMS[code].status,
  detail: detail[language],
  ...(errors.length === 0 ? {} : { errors: errors.map(({ path, message }) => ({ path, message: message[language] })) }),
  ...(nextCursor === undefined ? {} : { nextCursor }),
  ...(requestId === undefined ? {} : { requestId }),
})

export const sendProblem = (c: Context, problem: Problem): Response => {
  const language = languageOf(c)
  const document = problemOf({ ...problem, requestId: c.get('requestId') }, language)
  return c.body(JSON.stringify(document), document.status as ContentfulStatusCode, {
    ...problem.headers,
    'content-type': 'application/problem+json',
    'content-language': language,
    vary: 'accept-language',
  })
}

const inTheLog = (requestId: string): Words => ({
  en: `The log has it under the request id ${requestId}.`,
  zh: `日志中的请求 id 为 ${requestId}。`,
})

/** Returns the problem of a thrown error. Anything but an `AppError` is a bug: its caller gets only the request id. */
export const problemOfError = (c: Context, error: Error): Problem => {
  if (!(error instanceof AppError)) return { code: 'internal', detail: inTheLog(c.get('requestId')) }
  const { code, detail, errors } = error
  return { code, detail, errors, headers: headersOf(error) }
}
export const sendError = (c: Context, error: Error): Response => sendProblem(c, problemOfError(c, error))

/** `Retry-After` of a 429 or 503 for which no better time is known. */
const RETRY_AFTER_MS = 2 * SECOND

const headersOf = ({ code, retryAfterMs }: AppError): Record<string, string> => {
  if (code === 'unauthorized') return { 'www-authenticate': 'Bearer' }
  const mayRetry = code === 'unavailable' || code === 'too_many_requests'
  return mayRetry ? { 'retry-after': String(Math.ceil((retryAfterMs ?? RETRY_AFTER_MS) / SECOND)) } : {}
}

/** Objects that an id can name, in Chinese. */
const NOUNS = {
  registration: '登记',
  'signing secret': '签名密钥',
  resend: '批量重发',
  partner: '合作方',
  account: '账户',
  key: '密钥',
  'bulk act': '批量操作',
  token: '令牌',
} as const
export type Noun = keyof typeof NOUNS

/** The text is the same whether the object does not exist or belongs to another partner. */
const noneWithId = (noun: Noun): Words => ({
  en: `There is no ${noun} with this id.`,
  zh: `没有该 id 对应的${NOUNS[noun]}。`,
})

/** Returns the value. Throws `AppError('not_found')` if it is null. */
export const found = <T>(value: T | null, noun: Noun): T => {
  if (value === null) throw new AppError('not_found', noneWithId(noun))
  return value
}

/** Returns an id from a path. Throws `AppError('not_found')` for other texts, so that none reaches the database. */
export const readId = (id = '', noun: Noun): string => found(/^\w{1,64}$/.test(id) ? id : null, noun)
