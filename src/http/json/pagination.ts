import { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { isoTime } from '../../core/show-time.ts'
import type { Page } from '../../store/page.ts'
import { AT } from './fields.ts'
import { packWords } from './validate.ts'

export const MAX_PAGE_SIZE = 250
const LIMIT = packWords({
  en: `must be a number from 1 to ${MAX_PAGE_SIZE}`,
  zh: `必须是 1 到 ${MAX_PAGE_SIZE} 的数字`,
})
export const CURSOR: Words = {
  en: 'must be the nextCursor of an earlier answer, unchanged',
  zh: '必须是之前响应中的 nextCursor，且原样传回',
}

/** Encodes the place where the next page begins. The page before has shown it, so it needs no encryption. */
const cursorOf = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')

export const cursorField = <T>(place: z.ZodType<T>) =>
  z
    .string()
    .transform((cursor, ctx) => {
      try {
        return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
      } catch {
        ctx.addIssue({ code: 'custom', message: packWords(CURSOR) })
        return z.NEVER
      }
    })
    .optional()
    .describe('The nextCursor of the previous page.')

/** Parameters of every list: `limit`, and `cursor` as the id of the last item of the page before. */
export const PAGE_PARAMETERS = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, LIMIT)
    .transform(Number)
    .pipe(z.number().min(1, LIMIT).max(MAX_PAGE_SIZE, LIMIT))
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_PAGE_SIZE, default: 50, description: 'The size of a page.' }),
  cursor: cursorField(z.string().regex(/^[\w-]{1,64}$/)),
}

export const PAGE_QUERY = z.strictObject(PAGE_PARAMETERS)

/** Schema of a page of a list. It has a name in the OpenAPI document if its items have one. */
export const listOf = <Item extends z.ZodType, More extends z.ZodRawShape = Record<never, never>>(
  item: Item,
  more?: More,
) => {
  const id = item.meta()?.id
  const list = z.strictObject({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('Pass it as `cursor` to get the next page; null: this is the last one.'),
    ...(more as More),
  })
  return id === undefined ? list : list.meta({ id: `${id}List` })
}

/** Additional fields of a list that is searched by time. */
export const SPAN = {
  since: AT.exactOptional().describe('The `since` of the call, if it has one, as a time.'),
  until: AT.exactOptional().describe('The `until` of the call, if it has one, as a time.'),
}
/** Additional fields of a list of search results. */
export const SEARCH = {
  ...SPAN,
  lookedBackTo: AT.exactOptional().describe(
    'Only if the page stopped after 5,000 registrations: when the last of these was created. Older ones may match: get the next page.',
  ),
}

/** @param times as the answer has them, without those that are null */
export const viewPage = <Item, View>(
  { found, next, lookedBackTo }: Page<Item, unknown> & { lookedBackTo?: number },
  view: (item: Item) => View,
  { since = null, until = null }: { since?: number | null; until?: number | null } = {},
) => ({
  data: found.map(view),
  nextCursor: next === null ? null : cursorOf(next),
  ...isoTimes({ since, until, lookedBackTo: lookedBackTo ?? null }),
})

/** The times (epoch ms) that are not null, in ISO 8601. */
export const isoTimes = (times: Readonly<Record<string, number | null>>): Record<string, string> =>
  Object.fromEntries(Object.entries(times).flatMap(([name, at]) => (at === null ? [] : [[name, isoTime(at)]])))
