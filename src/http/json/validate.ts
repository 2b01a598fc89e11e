import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { AppError, type FieldError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'

/** Stands in no message, and JSON escapes it where one quotes its caller. */
const BETWEEN = '\u0000'

/** A message in each language as the one text that a schema takes; `heard` has it as words again. */
export const said = ({ en, zh }: Words): string => `${en}${BETWEEN}${zh}`

/** The words of an issue's message. One of zod's own is English only. */
const heard = (message: string): Words => {
  const [en = '', zh = en] = message.split(BETWEEN)
  return { en, zh }
}

export const oneOf = (names: readonly string[]): string =>
  said({ en: `must be one of ${names.join(', ')}`, zh: `必须是以下之一：${names.join('、')}` })

const MOST_ERRORS = 50
const LONGEST_PATH = 100

/** Where the checked value comes from: the code of the problem, and what one of its parts is called. */
const SOURCES = {
  body: { code: 'invalid_body', one: 'field of the body', many: 'fields of the body', zh: ['请求体中', '字段'] },
  query: { code: 'invalid_query', one: 'query parameter', many: 'query parameters', zh: ['', '查询参数'] },
} as const
type Source = keyof typeof SOURCES

/** The problem that lists these errors. */
export const invalid = (source: Source, errors: readonly FieldError[]): AppError => {
  const { code, one, many, zh } = SOURCES[source]
  const en = errors.length === 1 ? `One ${one} is invalid.` : `${errors.length} ${many} are invalid.`
  return new AppError(code, { en, zh: `${zh[0]}有 ${errors.length} 个${zh[1]}不符合要求。` }, { errors })
}

/** The value as the schema gives it. Throws the problem that lists all errors, `MOST_ERRORS` at most, and `others` that are known. */
const check = <T>(value: unknown, schema: z.ZodType<T>, source: Source, others: readonly FieldError[] = []): T => {
  const parsed = schema.safeParse(value, { error: defaultMessage })
  const known = namesOf(schema)
  const errors = parsed.success
    ? untoldIn(parsed.data, [])
    : parsed.error.issues.flatMap(issue => fieldErrorsOf(issue, known)).slice(0, MOST_ERRORS)
  if (!parsed.success || errors.length > 0 || others.length > 0) throw invalid(source, [...errors, ...others])
  return parsed.data
}

const NOT_UNICODE: Words = {
  en: 'must be Unicode text without \\u0000 and lone surrogates',
  zh: '必须是不含 \\u0000 和孤立代理项的 Unicode 文本',
}

/** Texts that PostgreSQL cannot keep, whatever their schema allows. An object in a list is checked by whoever takes it out. */
const untoldIn = (value: unknown, path: readonly PropertyKey[]): FieldError[] => {
  if (typeof value === 'string')
    return value.includes('\0') || !value.isWellFormed() ? [{ path: pathOf(path), message: NOT_UNICODE }] : []
  if (typeof value !== 'object' || value === null) return []
  const inner = Array.isArray(value)
    ? [...value.entries()].filter(([, one]) => typeof one === 'string')
    : Object.entries(value)
  return inner.flatMap(([name, one]) => untoldIn(one, [...path, name])).slice(0, MOST_ERRORS)
}

/** Of a body that is not an object: what it looks like, for those that send what belongs into its only field. */
export const bodyLike = (example: string) => ({
  error: (issue: z.core.$ZodRawIssue): string | undefined =>
    issue.code === 'invalid_type'
      ? said({ en: `must be a JSON object: ${example}`, zh: `必须是 JSON 对象：${example}` })
      : undefined,
})

/** Null in an optional field means absent: many clients write it so. */
const withoutNulls = (value: unknown, schema: z.ZodType): unknown => {
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value
  const isAbsent = ([name, one]: [string, unknown]) => one === null && schema.shape[name] instanceof z.ZodOptional
  const entries = Object.entries(value)
  return Array.isArray(value) || !entries.some(isAbsent) ? value : Object.fromEntries(entries.filter(e => !isAbsent(e)))
}

/** Throws `AppError('invalid_body')` that lists every invalid field. */
export const checkBody = <T>(value: unknown, schema: z.ZodType<T>): T =>
  check(withoutNulls(value, schema), schema, 'body')

const NOT_AN_OBJECT = said({ en: 'must be a JSON object', zh: '必须是 JSON 对象' })

/** The fields of our schemas have messages of their own; their objects have this one. */
const defaultMessage: z.core.$ZodErrorMap = issue =>
  issue.code === 'invalid_type' && issue.expected === 'object' ? NOT_AN_OBJECT : undefined

/** The names of the fields that the schema has. */
const namesOf = (schema: z.ZodType): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : []

const UNKNOWN = { en: 'is unknown here', zh: '未知字段' }
const NONE_KNOWN = { en: 'is unknown: there are none here', zh: '未知：此处不接受任何参数' }
const useOneOf = (names: readonly string[]): Words => ({
  en: `is unknown: use ${names.join(', ')}`,
  zh: `未知：可用的有 ${names.join('、')}`,
})

/** Each unknown field is listed by its own name. */
const fieldErrorsOf = (issue: z.core.$ZodIssue, known: readonly string[]): FieldError[] => {
  if (issue.code !== 'unrecognized_keys') return [{ path: pathOf(issue.path), message: heard(issue.message) }]
  // What is known are the names of the outermost object.
  if (issue.path.length > 0) return issue.keys.map(key => ({ path: pathOf([...issue.path, key]), message: UNKNOWN }))
  const message = known.length === 0 ? NONE_KNOWN : useOneOf(known)
  return issue.keys.map(key => ({ path: pathOf([...issue.path, key]), message }))
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.map(String).join('.').slice(0, LONGEST_PATH).toWellFormed()

/** No call has so many. */
const MOST_PARAMETERS = 20
const TOO_MANY = {
  en: `There are more than ${MOST_PARAMETERS} query parameters.`,
  zh: `查询参数超过 ${MOST_PARAMETERS} 个。`,
}
const REPEATED = { en: 'must be given only once', zh: '只能出现一次' }

/** Reads the query parameters. Throws `AppError('invalid_query')` for invalid, unknown, repeated and too many ones. */
export const readQuery = <T>(c: Context, schema: z.ZodType<T>): T => {
  const searchParams = new URLSearchParams(/\?([^#]*)/.exec(c.req.url)?.[1])
  if (searchParams.size > MOST_PARAMETERS) throw new AppError('invalid_query', TOO_MANY)
  const repeated = namesOf(schema).filter(name => searchParams.getAll(name).length > 1)
  const errors = repeated.map(path => ({ path, message: REPEATED }))
  return check(partsOf([...searchParams], namesOf(schema)), schema, 'query', errors)
}

/** What has a name such as `metadata.order` is a pair of the parameter `metadata`, where there is one. */
const partsOf = (all: readonly (readonly [name: string, value: string])[], known: readonly string[]) => {
  const query: Record<string, unknown> = Object.fromEntries(all)
  for (const [name, value] of all) {
    const [, group = '', key] = /^(\w+)\.(.*)$/s.exec(name) ?? []
    if (key === undefined || !known.includes(group)) continue
    delete query[name]
    query[group] = [...(Array.isArray(query[group]) ? query[group] : []), [key, value]]
  }
  return query
}

const NONE = z.strictObject({})

/** For calls without parameters: throws `AppError('invalid_query')` if there are any. */
export const noQuery: MiddlewareHandler = function noQuery(c, next) {
  readQuery(c, NONE)
  return next()
}
