import { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { said } from './validate.ts'

export const MOST_OF_A_PAGE = 250
const LIMIT = said({
  en: `must be a number from 1 to ${MOST_OF_A_PAGE}`,
  zh: `必须是 1 到 ${MOST_OF_A_PAGE} 的数字`,
})
export const CURSOR: Words = {
  en: 'must be the nextCursor of an earlier answer, unchanged',
  zh: '必须是之前响应中的 nextCursor，且原样传回',
}

/** The id in a cursor. A cursor contains nothing else that its page did not show. */
export const readCursor = (cursor: string): string | null => {
  const id = Buffer.from(cursor, 'base64url').toString('latin1')
  return /^[\w-]{1,64}$/.test(id) && cursorOf(id) === cursor ? id : null
}

export const cursorOf = (id: string): string => Buffer.from(id, 'latin1').toString('base64url')

/** A cursor as `read` takes it apart; null: it is none of its list. */
export const cursorField = <T>(read: (cursor: string) => T | null) =>
  z
    .string()
    .transform((cursor, ctx) => {
      const place = read(cursor)
      if (place !== null) return place
      ctx.addIssue({ code: 'custom', message: said(CURSOR) })
      return z.NEVER
    })
    .optional()
    .describe('The nextCursor of the page before.')

/** The parameters of every list: `limit`, and `cursor` as the id of the last item of the page before. */
export const PAGE_PARAMETERS = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, LIMIT)
    .transform(Number)
    .pipe(z.number().min(1, LIMIT).max(MOST_OF_A_PAGE, LIMIT))
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: MOST_OF_A_PAGE, default: 50, description: 'The size of a page.' }),
  cursor: cursorField(readCursor),
}

export const PAGE_QUERY = z.strictObject(PAGE_PARAMETERS)

/** A page of a list as it is answered. It has a name in the OpenAPI document where its items have one. */
export const listOf = <Item extends z.ZodType>(item: Item) => {
  const id = item.meta()?.id
  const list = z.strictObject({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('Pass it as `cursor` to get the next page; null: this is the last one.'),
  })
  return id === undefined ? list : list.meta({ id: `${id}List` })
}

/** The page out of up to `limit + 1` items; if there is one too many, there is another page. */
export const pageOf = <T extends { id: string }>(items: readonly T[], limit: number) => {
  const data = items.slice(0, limit)
  const last = items.length > limit ? data.at(-1) : undefined
  return { data, nextCursor: last ? cursorOf(last.id) : null }
}
