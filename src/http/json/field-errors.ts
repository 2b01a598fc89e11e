import type { z } from 'zod'
import type { FieldError } from '../../core/error.ts'

const MOST_ERRORS = 50
const LONGEST_PATH = 100

/**
 * What is wrong with each field, all at once. A field that the schema does not have is named by itself.
 *
 * @param known the names of the fields that there are.
 */
export const fieldErrors = ({ issues }: z.ZodError, known: readonly string[]): FieldError[] =>
  issues.flatMap(issue => toFieldErrors(issue, known)).slice(0, MOST_ERRORS)

const toFieldErrors = (issue: z.core.$ZodIssue, known: readonly string[]): FieldError[] => {
  if (issue.code !== 'unrecognized_keys') return [{ path: pathOf(issue.path), message: issue.message }]
  const message =
    known.length === 0 ? 'is not known here: there is none' : `is not known here: there is ${known.join(', ')}`
  return issue.keys.map(key => ({ path: pathOf([...issue.path, key]), message }))
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.map(String).join('.').slice(0, LONGEST_PATH).toWellFormed()

/** `One field of the body is invalid.`, `3 fields of the body are invalid.` */
export const countErrors = (
  errors: readonly FieldError[],
  [one, many]: readonly [one: string, many: string],
): string => (errors.length === 1 ? `One ${one} is invalid.` : `${errors.length} ${many} are invalid.`)
