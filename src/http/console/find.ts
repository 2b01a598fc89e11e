import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { isRegistrationId } from '../../core/registration.ts'
import { SERIAL } from '../../core/registration-input.ts'
import type { Accounts } from './accounts.ts'
import { pathOfObject } from './audit.ts'
import { SEARCH_EXAMPLE } from './page.ts'
import { FIRST_PAGE, partnersNamed } from './partners.ts'
import { searchFieldsOf } from './registration-columns.ts'
import { readSearchQuery, search } from './registrations.ts'
import type { Console, Visit } from './visit.ts'

/** `name:value`, `name=value`, `name:"a value"` or a word. Chinese keyboards type a full-width colon. */
const PART = /(?:([\p{L}_][\p{L}\w.-]*)[:：=])?(?:"([^"]*)"|(\S+))/giu
const oneSerial = (example: string): Words => ({
  en: `Search for one serial or value at a time. Other conditions need a name, such as ${example}.`,
  zh: `一次只能查找一个流水号或值；其他条件须写明名称，例如 ${example}。`,
})
const NOTHING: Words = {
  en: `No partner, account or registration is found by this. Other conditions need a name, such as ${SEARCH_EXAMPLE.operator}.`,
  zh: `没有找到相应的合作方、账户或登记。其他条件须写明名称，例如 ${SEARCH_EXAMPLE.operator}。`,
}

/** Splits the input into named search fields and words without a name. A partner's other names are keys of its metadata. */
const readSearch = (text: string, names: readonly string[]) => {
  const query: Record<string, string> = {}
  const words: string[] = []
  for (const [whole, given = '', quoted, word = ''] of text.matchAll(PART)) {
    const name = given.toLowerCase()
    const value = quoted ?? word
    if (name === 'serial') words.push(value)
    else if (names.includes(name)) query[name] = value
    else if (names.includes('metadata') && !query.metadata && (given !== '' || word.includes('=')))
      query.metadata = given === '' ? value : `${given.replace(/^metadata\./i, '')}=${value}`
    else words.push(given === '' ? value : whole)
  }
  return { query, words }
}

/** Returns the page of the object with this id, or of a webhook's registration; null if the text is no such id. */
const pageOfId = ({ session }: Visit, text: string): string | null => {
  const id = text.replace(/^id[:：]/i, '').replace(/^msg_/, 'reg_')
  if (session.kind === 'partner') return isRegistrationId(id) ? `registrations/${id}` : null
  return isRegistrationId(id.replace(/^(acc|bulk|partner)_/, 'reg_')) ? pathOfObject(id) : null
}

/** Returns the page of the partner or account of this name, the list of partners if several match, or null. */
const pageOfName = async (visit: Visit, text: string): Promise<string | null> => {
  const [partner, another] = await partnersNamed(visit, text)
  if (partner) return another ? 'partners' : `partners/${partner.id}`
  const { data } = await visit.call<Accounts>('GET', '/v1/admin/accounts', FIRST_PAGE)
  const account = data.find(one => one.account === text)
  return account ? `accounts/${account.id}` : null
}

/** A word that is no serial of a partner's may be a value of its metadata. */
const find = async (visit: Visit): Promise<string> => {
  const { c, session } = visit
  const text = c.req.query('q')?.trim() ?? ''
  const named = pageOfId(visit, text)
  if (named !== null) return named
  const { words, ...typed } = readSearch(text, searchFieldsOf(session))
  const query = await readSearchQuery(visit, { ...c.req.query(), ...typed.query })
  const word = words.join(' ')
  const isOperator = session.kind === 'operator'
  const isName = isOperator && word !== '' && Object.keys(query).length === 0
  const other = isName && !SERIAL.test(word) ? await pageOfName(visit, word) : null
  if (other !== null) return other
  const isSerial = word === '' || SERIAL.test(word)
  const searches = [
    ...(isSerial ? [{ ...query, ...(word === '' ? {} : { serial: word }) }] : []),
    ...(isOperator || word === '' || query.metadata ? [] : [{ ...query, metadata: word }]),
  ]
  const [first] = searches
  if (!first && isOperator && words.length === 1) throw new AppError('not_found', NOTHING)
  if (!first || words.length > 1) throw new AppError('invalid_query', oneSerial(SEARCH_EXAMPLE[session.kind]))
  if (Object.keys(first).length === 0) return 'registrations'
  for (const one of searches) {
    // The list opens the only one: it would search for it a second time.
    if ('metadata' in one) return `registrations?${new URLSearchParams({ ...one, open: 'only' })}`
    const { data, nextCursor } = await search(visit, { ...one, limit: '2' })
    const [only, another] = data
    if (only && !another && nextCursor === null) return `registrations/${only.id}`
    if (only || nextCursor !== null) return `registrations?${new URLSearchParams(one)}`
  }
  return (isName ? await pageOfName(visit, word) : null) ?? `registrations?${new URLSearchParams(first)}`
}

/** `/console/find?q=`: redirects to the object that the text identifies, or to the list of matching registrations. */
export const addFind = ({ page }: Console): void => page('find', find)
