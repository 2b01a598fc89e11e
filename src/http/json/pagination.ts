import { z } from 'zod'

const MOST = 250
const LIMIT = `must be a number from 1 to ${MOST}`
const CURSOR = 'must be the nextCursor of an earlier answer, as it was'

/** The id that a cursor carries; it tells nothing that its page did not. */
const readCursor = (cursor: string): string | null => {
  const id = Buffer.from(cursor, 'base64url').toString('latin1')
  return /^[\w-]{1,64}$/.test(id) && cursorOf(id) === cursor ? id : null
}

const cursorOf = (id: string): string => Buffer.from(id, 'latin1').toString('base64url')

/** The parameters of every list: `limit`, and `cursor` as the id of the last item seen. */
export const PAGE_PARAMETERS = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, LIMIT)
    .transform(Number)
    .pipe(z.number().min(1, LIMIT).max(MOST, LIMIT))
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: MOST, default: 50, description: 'How many.' }),
  cursor: z
    .string()
    .transform((cursor, ctx) => {
      const id = readCursor(cursor)
      if (id !== null) return id
      ctx.addIssue({ code: 'custom', message: CURSOR })
      return z.NEVER
    })
    .optional()
    .describe('The nextCursor of the page before.'),
}

export const PAGE_QUERY = z.strictObject(PAGE_PARAMETERS)

/** The page, from up to `limit + 1` items: the one too many tells that there is more. */
export const pageOf = <T extends { id: string }>(items: readonly T[], limit: number) => {
  const data = items.slice(0, limit)
  const last = items.length > limit ? data.at(-1) : undefined
  return { data, nextCursor: last ? cursorOf(last.id) : null }
}
