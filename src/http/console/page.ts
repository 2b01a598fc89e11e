import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Language, Words } from '../../core/language.ts'
import { showPartner } from '../../core/operator-texts/catalogue.ts'
import { clockIn, SHOW_TIME, ZONE_OF, zoneName } from '../../core/show-time.ts'
import { languageFor } from '../language.ts'
import { queryText, Refused } from './api-calls.ts'
import type { Session } from './sessions.ts'
import type { Visit } from './visit.ts'

/** Content of a page. A plain string is text: `html` escapes it. */
export type Html = string | HtmlEscapedString | Promise<HtmlEscapedString>

/** The reader of a page: language, session, and functions that write text and links for them. */
export interface Reader {
  language: Language
  session: Session | null
  t: (words: Words) => string
  /** The counts for the navigation that are at hand. */
  counts?: () => Counts
  /** Returns a link to a console page, relative to the current page. */
  to: (path: string, query?: Readonly<Record<string, string | null | undefined>>) => string
}

const BELOW = '/console/'

export const readerOf = (c: Context, session: Session | null): Reader => {
  const language = languageFor(c)
  const way =
    c.req.path === '/console' ? 'console/' : '../'.repeat(c.req.path.split('/').length - BELOW.split('/').length)
  return {
    language,
    session,
    t: words => words[language],
    to: (path, query = {}) => `${way}${path || './'}${queryText(query)}`,
  }
}

/** Path of a page below `/console/`, with its query. */
export const pathOf = (c: Context): string => {
  const { pathname, search } = new URL(c.req.url)
  return `${pathname.slice(BELOW.length)}${search}`
}

const CLOCK = { en: clockIn(ZONE_OF.en), zh: clockIn(ZONE_OF.zh) }
/** A time of the API in the reader's zone, which the foot of the page names. */
export const time = ({ language }: Reader, at: string | null, none = '–'): Html =>
  at === null
    ? none
    : html`<time datetime="${at}" title="${SHOW_TIME[language](Date.parse(at))}">${CLOCK[language](Date.parse(at))}</time>`

export const zoneLabel = ({ language }: Pick<Reader, 'language'>): Html =>
  html`<span data-zone>${zoneName(language, ZONE_OF[language])}</span>`
/** The zone of the times and days in a form: on English pages scripts put the browser's in. */
export const zoneInput = ({ language }: Pick<Reader, 'language'>): Html =>
  html`<input type="hidden" name="zone" value="${ZONE_OF[language]}">`

/** A state, by colour and shape. */
export type Tone = 'good' | 'warned' | 'bad' | 'busy' | 'idle'
export const badge = (tone: Tone, text: Html): Html => html`<span class="badge ${tone}">${text}</span>`

/** Names of the pages in the navigation. */
export const PAGE_NAMES = {
  '': { en: 'Overview', zh: '概览' },
  registrations: { en: 'Registrations', zh: '登记' },
  deliveries: { en: 'Webhooks', zh: '投递' },
  hosts: { en: 'Hosts', zh: '主机' },
  partners: { en: 'Partners', zh: '合作方' },
  accounts: { en: 'Accounts', zh: '账户' },
  bulk: { en: 'Bulk acts', zh: '批量操作' },
  nodes: { en: 'Nodes', zh: '节点' },
  alerts: { en: 'Alerts', zh: '通知记录' },
  settings: { en: 'Settings', zh: '设置' },
  audit: { en: 'Audit', zh: '审计' },
  tokens: { en: 'Tokens', zh: '令牌' },
  secrets: { en: 'Signing secrets', zh: '签名密钥' },
  contact: { en: 'Contact', zh: '通知渠道' },
  keys: { en: 'API keys', zh: 'API 密钥' },
} satisfies Record<string, Words>
export type Entry = keyof typeof PAGE_NAMES
/** Counts beside the names of pages, and what they count. */
export type Counts = Partial<Record<Entry, readonly [count: number, words: Words]>>

/** Example of a search by other fields than the serial. */
export const SEARCH_EXAMPLE: Readonly<Record<Session['kind'], string>> = {
  operator: 'host:a.example since:2h',
  partner: 'order=42 since:2h',
}

/** A page without a title is in the navigation, and takes its name from there. */
export interface ConsolePage {
  title?: string
  body: Html
  status?: ContentfulStatusCode
}

export const partnerLink = ({ to }: Reader, one: { partnerId: string; partnerName: string | null }): Html =>
  html`<a href="${to(`partners/${one.partnerId}`)}" title="${showPartner(one)}"><bdi class="name">${one.partnerName ?? one.partnerId}</bdi></a>`

/** A host or URL that wraps before its port rather than within it. */
export const wrapped = (url: string): Html =>
  html`${url.split(/(?=:\d+(?:\/|$))/).map((part, i) => (i === 0 ? part : html`<wbr>${part}`))}`

/** The text of an empty list. */
export const empty = (text: string): Html => html`<p class="empty">${text}</p>`
/** A part of a page; if it may not or cannot be read, the refusal as text, so that the rest of the page is shown. */
export const partOrRefusal = (part: Promise<Html>): Promise<Html> =>
  part.catch((error: unknown) => {
    if (error instanceof Refused && [403, 503].includes(error.problem.status)) return empty(error.problem.detail)
    throw error
  })

/** `1,000`, or `1,000+` where there may be more. */
export const showCount = (n: number, isCapped = false): string => `${n.toLocaleString('en')}${isCapped ? '+' : ''}`
const shown = (value: Html | number): Html => (typeof value === 'number' ? showCount(value) : value)

/** A string is the name in all languages. */
export type Name = Words | string
export const named = ({ t }: Reader, name: Name): string => (typeof name === 'string' ? name : t(name))

interface ColumnOptions<Item> {
  /** Aligned to the right. */
  isNumber?: boolean
  /** What the table is sorted by. */
  by?: (item: Item) => string | number | null
  /** The head of a column without a name. */
  head?: Html
}
/** A column of a table: its name, and the cell of an item. */
export type Column<Item> = readonly [name: Name, cell: (item: Item) => Html | number, options?: ColumnOptions<Item>]
export const NUMBER = { isNumber: true }

interface Table<Item> {
  columns: readonly Column<Item>[]
  items: readonly Item[]
  /** The text without items; left out: an empty table. */
  none?: Words | undefined
  /** Set if `items` are all there are: heads sort them. `?sort=` is the number of a column, `-` before it: downwards. */
  sortedBy?: Visit | null
}

/** Empty cells come last. */
const sorted = <Item>(items: readonly Item[], by: ColumnOptions<Item>['by'], sign: number): readonly Item[] =>
  by === undefined
    ? items
    : items.toSorted((one, other) => {
        const [a, b] = [by(one), by(other)]
        if (a === null || b === null) return Number(a === null) - Number(b === null)
        return sign * (typeof a === 'number' ? a - Number(b) : a.localeCompare(String(b)))
      })

/** On narrow screens each row is a card, where each cell says the name of its column. */
export const table = <Item>(reader: Reader, label: Words, { columns, items, none, sortedBy }: Table<Item>): Html => {
  if (none && items.length === 0) return empty(reader.t(none))
  const sort = sortedBy?.c.req.query('sort') ?? ''
  const isDown = sort.startsWith('-')
  const at = sort === '' ? -1 : Math.abs(Number(sort))
  const linked = (name: string, i: number, isFirstDown = false) => {
    const here = new URL(sortedBy?.c.req.url ?? '')
    here.searchParams.set('sort', `${(i === at ? !isDown : isFirstDown) ? '-' : ''}${i}`)
    return html`<a href="${here.search}">${name}</a>`
  }
  const heads = columns.map(([name, , { isNumber, by, head = '' } = {}], i) => {
    if (!name) return html`<td>${head}</td>`
    const order = i === at && html` aria-sort="${isDown ? 'descending' : 'ascending'}"`
    const shownName = named(reader, name)
    return html`<th scope="col"${isNumber && NUMERIC}${order}>${sortedBy && by ? linked(shownName, i, isNumber) : shownName}</th>`
  })
  const cellOf = (item: Item, [name, cell, options]: Column<Item>) =>
    html`<td${options?.isNumber && NUMERIC}${name && html` data-name="${named(reader, name)}"`}>${shown(cell(item))}</td>`
  const rows = sorted(items, columns[at]?.[2]?.by, isDown ? -1 : 1).map(
    item => html`<tr>${columns.map(column => cellOf(item, column))}</tr>`,
  )
  return html`<table aria-label="${reader.t(label)}"><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`
}
const NUMERIC = raw(' class="number"')

export type Fact = readonly [name: Name, value: Html | number]
export const facts = (reader: Reader, all: readonly Fact[]): Html =>
  html`<dl>${all.map(([name, value]) => html`<div><dt>${named(reader, name)}</dt><dd>${shown(value)}</dd></div>`)}</dl>`

/** A text with a copy button. */
export const copied = ({ t }: Reader, text: string, id: string): Html =>
  html`<pre id="${id}" tabindex="0">${text}</pre><p><button type="button" data-copy="#${id}" data-done="${t({ en: 'Copied', zh: '已复制' })}" hidden>${t({ en: 'Copy', zh: '复制' })}</button></p>`

/**
 * Links to the next and the previous page of a list, which keep the filter; or says that the list has ended. The first
 * `cursor` in the query is that of this page; those of the pages before follow.
 */
export const nextPage = (
  { c, t }: Visit,
  cursor: string | null,
  name: Words = { en: 'Older', zh: '更早的记录' },
  parameter = 'cursor',
): Html => {
  const earlier = new URL(c.req.url).searchParams.getAll(parameter)
  const to = (cursors: readonly string[]) => {
    const here = new URL(c.req.url)
    here.searchParams.delete(parameter)
    for (const one of cursors) here.searchParams.append(parameter, one)
    return here.search || here.pathname
  }
  const previous = html`<a class="button" rel="prev" href="${to(earlier.slice(1))}">${t({ en: 'Previous page', zh: '上一页' })}</a> `
  const next = cursor && html`<a class="button" rel="next" href="${to([cursor, ...earlier])}">${t(name)}</a>`
  return html`<p class="pages">${earlier.length > 0 && previous}${next ?? html`<span class="end">${t({ en: 'End of the list', zh: '没有更多了' })}</span>`}</p>`
}

/** A part that refreshes itself, at the earliest after `seconds`; null: never, since it does not change any more. */
export const live = (seconds: number | null, body: Html): Html => {
  const again = html` hx-get="" hx-trigger="look" hx-select="#live" hx-select-oob="#pages:outerMorph,#facts:outerMorph" hx-swap="outerMorph" data-live="${seconds}"`
  return html`<div id="live"${seconds === null ? '' : again}>${body}</div>`
}
