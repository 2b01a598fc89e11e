import { isRegistrationId } from '../../core/registration.ts'
import type { Console, Visit } from './console.ts'
import { search, searchFieldsOf } from './registrations.ts'

/** `name:value`, `name:"a value"` or a word; Chinese keyboards have a colon of their own. */
const PART = /(?:([a-z]+)[:：])?(?:"([^"]*)"|(\S+))/gi

/** What was typed, by names of a search. What has no such name is a serial. */
const readSearch = (text: string, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(PART)].map(([whole, given = '', quoted, word]): [string, string] => {
      const name = given.toLowerCase()
      return names.includes(name) ? [name, quoted ?? word ?? ''] : ['serial', whole]
    }),
  )

/** The registration that an id, or the id of its webhook, names. */
const namedBy = (text: string): string | null => {
  const id = text.replace(/^id[:：]/i, '').replace(/^msg_/, 'reg_')
  return isRegistrationId(id) ? id : null
}

const find = async (visit: Visit): Promise<string> => {
  const text = visit.c.req.query('q')?.trim() ?? ''
  const named = namedBy(text)
  if (named !== null) return `registrations/${named}`
  const query = readSearch(text, searchFieldsOf(visit.session))
  if (Object.keys(query).length === 0) return 'registrations'
  const { data, nextCursor } = await search(visit, { ...query, limit: '2' })
  const [only] = data
  if (only && data.length === 1 && nextCursor === null) return `registrations/${only.id}`
  return `registrations?${new URLSearchParams(query)}`
}

/** `/console/find?q=`: leads to the registration that is meant, or to the list of those that match. */
export const addFind = ({ page }: Console): void => page('find', find)
