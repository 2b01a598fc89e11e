import { z } from 'zod'
import { AppError, type FieldError } from '../../core/error.ts'

const MOST_ERRORS = 50
const LONGEST_PATH = 100

/** Where the checked value comes from: the code of the problem, and what one of its parts is called. */
const SOURCES = {
  body: { code: 'invalid_body', one: 'field of the body', many: 'fields of the body' },
  query: { code: 'invalid_query', one: 'query parameter', many: 'query parameters' },
} as const
type Source = keyof typeof SOURCES

/** The problem that lists these errors. */
export const invalid = (source: Source, errors: readonly FieldError[]): AppError => {
  const { code, one, many } = SOURCES[source]
  const detail = errors.length === 1 ? `One ${one} is invalid.` : `${errors.length} ${many} are invalid.`
  return new AppError(code, detail, { errors })
}

/** Either the value as the schema gives it, or all errors, `MOST_ERRORS` at most. */
export const check = <T>(value: unknown, schema: z.ZodType<T>): { data: T } | { errors: FieldError[] } => {
  const parsed = schema.safeParse(value, { error: defaultMessage })
  if (parsed.success) return { data: parsed.data }
  const known = namesOf(schema)
  return { errors: parsed.error.issues.flatMap(issue => fieldErrorsOf(issue, known)).slice(0, MOST_ERRORS) }
}

/** Of a body that is not an object: what it looks like, for those that send what belongs into its only field. */
export const bodyLike = (example: string) => ({
  error: (issue: z.core.$ZodRawIssue): string | undefined =>
    issue.code === 'invalid_type' ? `must be a JSON object: ${example}` : undefined,
})

/** Throws `AppError('invalid_body')` that lists every invalid field. */
export const checkBody = <T>(value: unknown, schema: z.ZodType<T>): T => {
  const checked = check(value, schema)
  if ('errors' in checked) throw invalid('body', checked.errors)
  return checked.data
}

/** The fields of our schemas have messages of their own; their objects have this one. */
const defaultMessage: z.core.$ZodErrorMap = issue =>
  issue.code === 'invalid_type' && issue.expected === 'object' ? 'must be a JSON object' : undefined

/** The names of the fields that the schema has. */
export const namesOf = (schema: z.ZodType): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : []

/** Each unknown field is listed by its own name. */
const fieldErrorsOf = (issue: z.core.$ZodIssue, known: readonly string[]): FieldError[] => {
  if (issue.code !== 'unrecognized_keys') return [{ path: pathOf(issue.path), message: issue.message }]
  // What is known are the names of the outermost object.
  if (issue.path.length > 0)
    return issue.keys.map(key => ({ path: pathOf([...issue.path, key]), message: 'is unknown here' }))
  const message = known.length === 0 ? 'is unknown: there are none here' : `is unknown: use ${known.join(', ')}`
  return issue.keys.map(key => ({ path: pathOf([...issue.path, key]), message }))
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.map(String).join('.').slice(0, LONGEST_PATH).toWellFormed()
