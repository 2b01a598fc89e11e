import { html } from 'hono/html'
import type { Words } from '../../core/language.ts'
import { dateIn, isZone, ZONE_OF } from '../../core/show-time.ts'
import { BULK_ACTS } from '../../store/registrations/filter.ts'
import { Refused } from './api-calls.ts'
import { bulkLinks } from './bulk.ts'
import { fieldOf } from './forms.ts'
import { type Html, nextPage, type Reader, time, zoneInput } from './page.ts'
import { partnerIdOf } from './partners.ts'
import {
  FIELDS,
  type Found,
  type Listed,
  type ListName,
  listFieldsOf,
  registrationTable,
  searchFieldsOf,
} from './registration-columns.ts'
import { tickColumn, tickedForm } from './ticked.ts'
import type { Console, Visit } from './visit.ts'

interface ListOf<Item> {
  data: Item[]
  nextCursor: string | null
  lookedBackTo?: string
}

type Search = Readonly<Record<string, string | undefined>>

/** `order=42` or `metadata.order=42` as a query of the API. Other text is a value of any key. */
const metadataQuery = (text: string | undefined) => {
  const [, key, value] = /^(?:metadata\.)?([^=]+)=(.+)$/s.exec(text ?? '') ?? []
  return key === undefined ? { metadata: text } : { [`metadata.${key}`]: value }
}

/** Of every webhook. */
const EVER = '1970-01-01T00:00:00Z'

/**
 * Searches registrations; for the page of webhooks only those that have one. Throws `Refused` if the API refuses the
 * search; after a 400 with its form for correction. In a partner's call `serial` is named `idcardid`.
 */
export const search = (
  visit: Visit,
  searched: Search,
  name: ListName = 'registrations',
): Promise<ListOf<Found> | ListOf<Listed>> => {
  const { serial, metadata, ...query } = searched
  const { session, call } = visit
  const found =
    session.kind === 'operator'
      ? call<ListOf<Found>>('GET', '/v1/admin/registrations', {
          query: { ...(name === 'deliveries' && { messageSince: EVER }), ...query, serial },
        })
      : call<ListOf<Listed>>('GET', '/v1/registrations', {
          query: { ...query, ...metadataQuery(metadata), idcardid: serial },
        })
  return found.catch((error: unknown) => {
    if (error instanceof Refused && error.problem.status === 400) error.form = searchForm(visit, searched, name)
    throw error
  })
}

const searchForm = (visit: Visit, searched: Search, name: ListName): Html => html`
  <form class="row" action="${visit.to(name)}">
    ${Object.entries(FIELDS)
      .filter(([field]) => listFieldsOf(visit.session, name).includes(field))
      .map(field => fieldOf(visit, ...field, searched[field[0]]))}
    ${zoneInput(visit)}<button>${visit.t({ en: 'Search', zh: '查找' })}</button>
    ${Object.entries(DAYS).map(([day, words]) => html`<button name="day" value="${day}" class="plain">${visit.t(words)}</button> `)}
    <a href="${visit.to(name)}">${visit.t({ en: 'All', zh: '全部' })}</a>
  </form>`

const NONE: Readonly<Record<ListName, Record<'found' | 'yet', Words>>> = {
  registrations: {
    found: { en: 'No registration matches this search.', zh: '没有匹配的登记。' },
    yet: { en: 'There is no registration yet.', zh: '还没有登记。' },
  },
  deliveries: {
    found: { en: 'No webhook matches this search.', zh: '没有匹配的回调。' },
    yet: { en: 'There is no webhook yet.', zh: '还没有回调。' },
  },
}
/** The reason for an empty page: the scan stopped early, nothing matches, or there is nothing yet. */
const nothing = ({ nextCursor }: ListOf<unknown>, name: ListName, isSearched: boolean): Words =>
  nextCursor === null ? NONE[name][isSearched ? 'found' : 'yet'] : { en: 'None found so far.', zh: '暂未找到。' }

/** The time back to which registrations were scanned, if the scan stopped before the page was full. */
const stopped = (reader: Reader, { lookedBackTo }: ListOf<unknown>): Html =>
  lookedBackTo === undefined
    ? ''
    : html`<p>${reader.t({ en: 'Searched registrations back to ', zh: '已查看的登记截至' })}${time(reader, lookedBackTo)}${reader.t({ en: '. Older ones may match: open the next page.', zh: '；更早的登记中可能还有匹配的，请继续。' })}</p>`

/** Searches for a whole day, beside the fields for times. */
const DAYS: Readonly<Record<string, Words>> = {
  today: { en: 'Today', zh: '今天' },
  yesterday: { en: 'Yesterday', zh: '昨天' },
}

/** A search as the API takes it. Times without an offset are in the reader's zone; a partner may be given by name. */
export const readSearchQuery = async (visit: Visit, given: Readonly<Record<string, string>>) => {
  const names = searchFieldsOf(visit.session)
  const typed = Object.entries(given).filter(([name, value]) => names.includes(name) && value !== '')
  const searched = Object.fromEntries(typed)
  const { zone = ZONE_OF[visit.language], day = '' } = given
  if (Object.hasOwn(DAYS, day) && isZone(zone))
    searched.since = searched.until = dateIn(zone, visit.now(), day === 'today' ? 0 : 1)
  if (searched.since ?? searched.until) searched.zone = zone
  if (searched.partner) searched.partner = await partnerIdOf(visit, searched.partner)
  return searched
}

/** The search form, a page of what it finds, and the acts on selected rows and on all that match. */
export const listPart = async (
  visit: Visit,
  name: ListName,
  { searched, found }: { searched: Search; found: Awaited<ReturnType<typeof search>> },
): Promise<Html> => {
  const { session, t } = visit
  // The partners' search cannot leave out registrations without a webhook.
  const items = found.data.filter(one => name === 'registrations' || one.delivery.messageId !== null)
  const isSearched = Object.keys(searched).length > 0
  const isEmpty = items.length === 0
  const acts = name === 'registrations' ? BULK_ACTS : (['resend'] as const)
  return html`${searchForm(visit, searched, name)}
    ${registrationTable(visit, name, { items, none: nothing(found, name, isSearched), ticks: await tickColumn(visit, items), searched })}
    ${isEmpty ? '' : await tickedForm(visit, acts)}
    ${session.kind === 'operator' && isSearched && !isEmpty ? await bulkLinks(visit, searched, acts) : ''}
    ${isEmpty || name === 'deliveries' ? '' : html`<p><a href="${visit.to('registrations/export', searched)}">${t({ en: 'Export as CSV', zh: '导出 CSV' })}</a></p>`}
    ${stopped(visit, found)}${nextPage(visit, found.nextCursor)}`
}

/** `/console/registrations`: the search of the API, newest first. */
export const addRegistrations = ({ page }: Console): void =>
  page('registrations', async visit => {
    const { cursor, open, ...query } = visit.c.req.query()
    const searched = await readSearchQuery(visit, query)
    const found = await search(visit, { ...searched, cursor })
    const [only, another] = found.data
    if (open && only && !another && found.nextCursor === null) return `registrations/${only.id}`
    return { body: await listPart(visit, 'registrations', { searched, found }) }
  })
