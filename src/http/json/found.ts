import { AppError } from '../../core/error.ts'

/** The text is the same whether the object does not exist or belongs to somebody else. */
const notFound = (noun: string): AppError => new AppError('not_found', `There is no ${noun} with this id.`)

/** The value, or `AppError('not_found')` for null. */
export const found = <T>(value: T | null, noun: string): T => {
  if (value === null) throw notFound(noun)
  return value
}

/** An id from a path. Throws `AppError('not_found')` for what cannot be an id, so that no such text reaches the database. */
export const readId = (id: string, noun: string): string => found(/^\w{1,64}$/.test(id) ? id : null, noun)
