import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { AppError, type FieldError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { NOT_UNICODE } from '../../core/registration-input.ts'

/** Separates the two languages. No message contains it: JSON escapes it where a message quotes input. */
const BETWEEN = '\u0000'

/** Returns a message in both languages as the one text that a schema takes; `unpackWords` splits it again. */
export const packWords = ({ en, zh }: Words): string => `${en}${BETWEEN}${zh}`

/** Returns an issue's message by language. zod's own messages are English only. */
const unpackWords = (message: string): Words => {
  const [en = '', zh = en] = message.split(BETWEEN)
  return { en, zh }
}

export const mustBeOneOf = (names: readonly string[]): string =>
  packWords({ en: `must be one of ${names.join(', ')}`, zh: `必须是以下之一：${names.join('、')}` })

export const TRUE_OR_FALSE = packWords({ en: 'must be true or false', zh: '必须是 true 或 false' })

const MAX_ERRORS = 50
const MAX_PATH_LENGTH = 100

/** Problem code of each source of values, and the words for its parts. */
const SOURCES = {
  body: { code: 'invalid_body', one: 'field of the body', many: 'fields of the body', zh: ['请求体中', '字段'] },
  query: { code: 'invalid_query', one: 'query parameter', many: 'query parameters', zh: ['', '查询参数'] },
} as const
export type Source = keyof typeof SOURCES

/** Returns the problem that lists these errors. */
export const invalid = (source: Source, errors: readonly FieldError[]): AppError => {
  const { code, one, many, zh } = SOURCES[source]
  const en = errors.length === 1 ? `One ${one} is invalid.` : `${errors.length} ${many} are invalid.`
  return new AppError(code, { en, zh: `${zh[0]}有 ${errors.length} 个${zh[1]}不符合要求。` }, { errors })
}

/** Returns the parsed value. Throws the problem that lists `others` and up to `MAX_ERRORS` errors of the value. */
const check = <T>(value: unknown, schema: z.ZodType<T>, source: Source, others: readonly FieldError[] = []): T => {
  const parsed = schema.safeParse(value, { error: defaultMessage })
  const errors = parsed.success
    ? unstorableTextPaths(parsed.data).map(path => ({ path: pathOf(path), message: NOT_UNICODE }))
    : fieldErrorsOf(parsed.error.issues, { value, known: namesOf(schema), what: SOURCES[source].zh[1] })
  if (!parsed.success || errors.length > 0 || others.length > 0)
    throw invalid(source, [...errors.slice(0, MAX_ERRORS), ...others])
  return parsed.data
}

/** Paths of texts that PostgreSQL cannot store. Objects in a list are skipped: they are checked one by one later. */
const unstorableTextPaths = (value: unknown): readonly PropertyKey[][] => {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? [[]] : []
  if (typeof value !== 'object' || value === null) return []
  const found: PropertyKey[][] = []
  for (const name of Object.keys(value)) {
    const one = (value as Record<string, unknown>)[name]
    if (Array.isArray(value) && typeof one !== 'string') continue
    for (const path of unstorableTextPaths(one)) if (found.length < MAX_ERRORS) found.push([name, ...path])
  }
  return found
}

/** Message for a body that is not an object, with an example, for callers that send the value of its only field. */
export const bodyLike = (example: string) => ({
  error: (issue: z.core.$ZodRawIssue): string | undefined =>
    issue.code === 'invalid_type'
      ? packWords({ en: `must be a JSON object: ${example}`, zh: `必须是 JSON 对象：${example}` })
      : undefined,
})

/** Null in an optional field means absent: many clients write it so. */
const withoutNulls = (value: unknown, schema: z.ZodType): unknown => {
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value) || !Object.values(value).includes(null)) return value
  const isAbsent = ([name, one]: [string, unknown]) => one === null && schema.shape[name] instanceof z.ZodOptional
  return Object.fromEntries(Object.entries(value).filter(entry => !isAbsent(entry)))
}

/** Throws `AppError('invalid_body')`, which lists every invalid field, `MAX_ERRORS` at most. */
export const checkBody = <T>(value: unknown, schema: z.ZodType<T>): T =>
  check(withoutNulls(value, schema), schema, 'body')

const NOT_AN_OBJECT = packWords({ en: 'must be a JSON object', zh: '必须是 JSON 对象' })

/** The fields of our schemas have their own messages; their objects have this one. */
const defaultMessage: z.core.$ZodErrorMap = issue =>
  issue.code === 'invalid_type' && issue.expected === 'object' ? NOT_AN_OBJECT : undefined

/** Names of the schema's fields. */
const namesOf = (schema: z.ZodType): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : []

/** Returns the field of which this is another spelling: `callback_url` is `callbackUrl`. */
const fieldSpelledLike = (name: string, known: readonly string[]): string | undefined => {
  const plain = (one: string) => one.replace(/[_-]/g, '').toLowerCase()
  return known.find(one => plain(one) === plain(name))
}

const unknownField = (name: string, known: readonly string[], what: string): Words => {
  const similarField = fieldSpelledLike(name, known)
  if (similarField)
    return { en: `is unknown: did you mean ${similarField}?`, zh: `不支持该${what}，是否应为 ${similarField}？` }
  if (known.length === 0) return { en: 'is unknown here', zh: `此处不支持该${what}` }
  const names = { en: `is unknown: use ${known.join(', ')}`, zh: `不支持该${what}，可用${what}：${known.join('、')}` }
  if (what !== SOURCES.query.zh[1] || !known.includes('metadata')) return names
  const path = pathOf(['metadata', name])
  return { en: `${names.en}, or ${path} to search your metadata`, zh: `${names.zh}；按自定义数据查找请用 ${path}` }
}

/** Returns the obvious fault of a refused value: it is missing, or has space at an end. Null if it has neither. */
const plainFault = (value: unknown): Words | null => {
  if (value === undefined) return { en: 'is missing', zh: '缺少该字段，请填写' }
  if (typeof value !== 'string' || value.trim() === '' || value.trim() === value) return null
  return value.trimStart() === value
    ? { en: 'has a space or a line break at its end', zh: '末尾有空格或换行' }
    : { en: 'has a space or a line break at its beginning', zh: '开头有空格或换行' }
}

/** Lists each unknown field by its name. A field that an unknown one misspells is not listed as missing. */
const fieldErrorsOf = (
  issues: readonly z.core.$ZodIssue[],
  { value, known, what }: { value: unknown; known: readonly string[]; what: string },
): FieldError[] => {
  const similarField = issues.flatMap(one =>
    one.code === 'unrecognized_keys' ? one.keys.slice(0, MAX_ERRORS).map(key => fieldSpelledLike(key, known)) : [],
  )
  return issues.flatMap(issue => {
    // `known` are the names of the outermost object.
    if (issue.code === 'unrecognized_keys')
      return issue.keys.slice(0, MAX_ERRORS).map(key => ({
        path: pathOf([...issue.path, key]),
        message: unknownField(key, issue.path.length > 0 ? [] : known, what),
      }))
    const given = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], value)
    if (given === undefined && similarField.includes(String(issue.path[0]))) return []
    return [{ path: pathOf(issue.path), message: plainFault(given) ?? unpackWords(issue.message) }]
  })
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.map(String).join('.').slice(0, MAX_PATH_LENGTH).toWellFormed()

/** More than any call takes. */
const MAX_PARAMETERS = 20
const TOO_MANY = {
  en: `There are more than ${MAX_PARAMETERS} query parameters.`,
  zh: `查询参数超过 ${MAX_PARAMETERS} 个。`,
}
const REPEATED = { en: 'must be given only once', zh: '只能出现一次' }

/** Reads the query parameters. Throws `AppError('invalid_query')` for invalid, unknown, repeated and too many ones. */
export const readQuery = <T>(c: Context, schema: z.ZodType<T>): T => {
  const searchParams = new URLSearchParams(/\?([^#]*)/.exec(c.req.url)?.[1])
  if (searchParams.size > MAX_PARAMETERS) throw new AppError('invalid_query', TOO_MANY)
  const known = namesOf(schema)
  const repeated = known.filter(name => searchParams.getAll(name).length > 1)
  const errors = repeated.map(path => ({ path, message: REPEATED }))
  // `metadata.order` and `metadata[order]` are pairs of `metadata`, if the call has that parameter.
  const isPair = ([name = '']: string[]) => known.includes('metadata') && /^metadata(\.|\[|$)/.test(name)
  const { pairs, others = [] } = Object.groupBy([...searchParams], pair => (isPair(pair) ? 'pairs' : 'others'))
  return check({ ...(pairs && { metadata: pairs }), ...Object.fromEntries(others) }, schema, 'query', errors)
}

const NONE = z.strictObject({})

/** For calls without parameters: throws `AppError('invalid_query')` if there are any. */
export const noQuery: MiddlewareHandler = function noQuery(c, next) {
  if (c.req.url.includes('?')) readQuery(c, NONE)
  return next()
}
