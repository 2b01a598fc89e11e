import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Language, Words } from '../../core/language.ts'
import { showPartner } from '../../core/operator-texts/catalogue.ts'
import { SHOW_TIME, ZONE_OF, zoneName } from '../../core/show-time.ts'
import { languageFor } from '../language.ts'
import { queryText } from './api-calls.ts'
import type { Visit } from './console.ts'
import type { Session } from './sessions.ts'

/** Content of a page. A plain string is text: `html` escapes it. */
export type Html = string | HtmlEscapedString | Promise<HtmlEscapedString>

/** The reader of a page: language, session, and functions that write text and links for them. */
export interface Reader {
  language: Language
  session: Session | null
  t: (words: Words) => string
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

/** A time of the API in the reader's zone. */
export const time = ({ language }: Reader, at: string | null, none = '–'): Html =>
  at === null ? none : html`<time datetime="${at}">${SHOW_TIME[language](Date.parse(at))}</time>`

/** Names of the pages in the navigation. */
export const PAGE_NAMES = {
  '': { en: 'Overview', zh: '概览' },
  registrations: { en: 'Registrations', zh: '登记' },
  deliveries: { en: 'Webhooks', zh: '投递' },
  partners: { en: 'Partners', zh: '合作方' },
  accounts: { en: 'Accounts', zh: '账户' },
  bulk: { en: 'Bulk acts', zh: '批量操作' },
  nodes: { en: 'Nodes', zh: '节点' },
  alerts: { en: 'Alerts', zh: '通知记录' },
  settings: { en: 'Settings', zh: '设置' },
  audit: { en: 'Audit', zh: '审计' },
  secrets: { en: 'Signing secrets', zh: '签名密钥' },
} satisfies Record<string, Words>
type Entry = keyof typeof PAGE_NAMES
const PAGES: Readonly<Record<Session['kind'], readonly Entry[]>> = {
  operator: (Object.keys(PAGE_NAMES) as Entry[]).filter(name => name !== 'secrets'),
  partner: ['', 'registrations', 'deliveries', 'secrets'],
}

const TAG: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' }

/** Example of a search by other fields than the serial. */
export const SEARCH_EXAMPLE: Readonly<Record<Session['kind'], string>> = {
  operator: 'host:a.example since:2h',
  partner: 'metadata.order:42 since:2h',
}
const searchWords = (kind: Session['kind']): Words => ({
  en: `Serial, id, ${kind === 'operator' ? 'partner name, APIID, ' : ''}or a search such as ${SEARCH_EXAMPLE[kind]}`,
  zh: `流水号、ID${kind === 'operator' ? '、合作方名称、APIID' : ''}，或条件，例如 ${SEARCH_EXAMPLE[kind]}`,
})

const navigation = (reader: Reader, session: Session, active: string): Html => {
  const { t, to } = reader
  return html`<nav aria-label="${t({ en: 'Pages', zh: '页面' })}"><ul>${PAGES[session.kind].map(
    path =>
      html`<li><a href="${to(path)}"${path === active ? raw(' aria-current="page"') : ''}>${t(PAGE_NAMES[path])}</a></li>`,
  )}</ul></nav>
  <form role="search" action="${to('find')}"><label><span class="hidden">${t(searchWords(session.kind))}</span>
    <input type="search" name="q" maxlength="500" autocomplete="off" placeholder="${t({ en: 'Serial, id or search   /', zh: '流水号、ID 或条件   /' })}" data-key="/"></label></form>
  <form method="post" action="${to('sign-out')}"><button class="plain">${t({ en: 'Sign out', zh: '退出' })}</button></form>`
}

/** A page without a title is in the navigation, and takes its name from there. */
export interface ConsolePage {
  title?: string
  body: Html
  status?: ContentfulStatusCode
}

/**
 * A whole page, with the label of the environment. Its referrer policy is looser than the header's: with `no-referrer`,
 * forms over plain HTTP send no origin and would be refused as coming from another site. Text of partners gets into the
 * page only through `html`, which escapes it.
 */
export const layout = (c: Context, reader: Reader, page: ConsolePage, label: string | null): Html => {
  const { language, session, t, to } = reader
  const [, , active = ''] = c.req.path.split('/')
  const { title = t(PAGE_NAMES[active as Entry]), body } = page
  const other = language === 'en' ? 'zh' : 'en'
  const here = new URL(c.req.url)
  here.searchParams.set('lang', other)
  const asset = (name: string) => to(`assets/${name}`)
  return html`<!doctype html>
<html lang="${TAG[language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="same-origin">
<meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":false}'>
<title>${label === null ? '' : `${label} · `}${title} · idface-notifier</title>
<link rel="icon" href="${asset('icon.svg')}">
<link rel="stylesheet" href="${asset('uPlot.min.css')}">
<link rel="stylesheet" href="${asset('console.css')}">
<script src="${asset('htmx.min.js')}" defer></script>
<script src="${asset('uPlot.iife.min.js')}" defer></script>
<script src="${asset('console.js')}" defer></script>
</head>
<body>
<a class="skip" href="#main">${t({ en: 'Skip to content', zh: '跳到正文' })}</a>
<header><strong>idface-notifier</strong>${label === null ? '' : html`<strong class="label bad">${label}</strong>`}${session ? navigation(reader, session, active) : ''}
<a class="language" href="${here.search}" lang="${TAG[other]}" hreflang="${TAG[other]}">${t({ en: '中文', zh: 'English' })}</a></header>
<main id="main" tabindex="-1"><h1>${title}</h1>
${body}
</main>
<footer>${t({ en: 'Times in', zh: '时间：' })} ${zoneName(language, ZONE_OF[language])} · <a href="${to('../docs')}">${t({ en: 'API documentation', zh: '接入文档' })}</a></footer>
</body>
</html>`
}

/** The page for a caller over the rate: cheap, and without assets. */
export const shortPage = ({ language, t }: Reader, { title, detail }: Readonly<Record<'title' | 'detail', string>>) =>
  html`<!doctype html><html lang="${TAG[language]}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · idface-notifier</title><h1>${title}</h1><p role="alert">${detail}</p><p><a href="">${t({ en: 'Try again', zh: '重试' })}</a></p></html>`

export const partnerLink = ({ to }: Reader, one: { partnerId: string; partnerName: string | null }): Html =>
  html`<a href="${to(`partners/${one.partnerId}`)}" title="${showPartner(one)}"><bdi class="name">${one.partnerName ?? one.partnerId}</bdi></a>`

/** The text of an empty list. */
export const empty = (text: string): Html => html`<p class="empty">${text}</p>`

/** `1,000`, or `1,000+` where there may be more. */
export const showCount = (n: number, isCapped = false): string => `${n.toLocaleString('en')}${isCapped ? '+' : ''}`
const shown = (value: Html | number): Html => (typeof value === 'number' ? showCount(value) : value)

/** A string is the name in all languages. */
type Name = Words | string
const named = ({ t }: Reader, name: Name): string => (typeof name === 'string' ? name : t(name))

/** A column of a table: its name, and the cell of an item. */
export type Column<Item> = readonly [name: Name, cell: (item: Item) => Html | number]

interface Table<Item> {
  columns: readonly Column<Item>[]
  items: readonly Item[]
  /** The text without items; left out: an empty table. */
  none?: Words
}
/** A table that scrolls sideways on narrow screens. */
export const table = <Item>(reader: Reader, label: Words, { columns, items, none }: Table<Item>): Html => {
  if (none && items.length === 0) return empty(reader.t(none))
  const head = columns.map(([name]) => (name ? html`<th scope="col">${named(reader, name)}</th>` : html`<td></td>`))
  const rows = items.map(item => html`<tr>${columns.map(([, cell]) => html`<td>${shown(cell(item))}</td>`)}</tr>`)
  return html`<div class="table" role="region" aria-label="${reader.t(label)}" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`
}

export type Fact = readonly [name: Name, value: Html | number]
export const facts = (reader: Reader, all: readonly Fact[]): Html =>
  html`<dl>${all.map(([name, value]) => html`<div><dt>${named(reader, name)}</dt><dd>${shown(value)}</dd></div>`)}</dl>`

/** A text with a copy button. */
export const copied = ({ t }: Reader, text: string, id = 'copied'): Html =>
  html`<pre id="${id}" tabindex="0">${text}</pre><p><button type="button" data-copy="#${id}" data-done="${t({ en: 'Copied', zh: '已复制' })}" hidden>${t({ en: 'Copy', zh: '复制' })}</button></p>`

/** A link to the next page of a list; keeps the filter. */
export const nextPage = (
  { c, t }: Visit,
  cursor: string | null,
  name: Words = { en: 'Older', zh: '更早的记录' },
): Html => {
  if (cursor === null) return ''
  const here = new URL(c.req.url)
  here.searchParams.set('cursor', cursor)
  return html`<p><a rel="next" href="${here.search}">${t(name)}</a></p>`
}

/** A part that refreshes itself, at the earliest after `seconds`; null: never, since it does not change any more. */
export const live = (seconds: number | null, body: Html): Html => {
  const again = html` hx-get="" hx-trigger="look" hx-select="#live" hx-swap="outerMorph" data-live="${seconds}"`
  return html`<div id="live"${seconds === null ? '' : again}>${body}</div>`
}
