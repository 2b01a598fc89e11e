import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Language, Words } from '../../core/language.ts'
import { troubleKind } from '../../core/trouble-kinds.ts'
import type { Overview } from '../admin/overview.ts'
import type { StatusAnswer } from '../partner/status.ts'
import {
  type ConsolePage,
  type Counts,
  type Entry,
  type Html,
  PAGE_NAMES,
  type Reader,
  SEARCH_EXAMPLE,
  showCount,
  time,
  zoneInput,
  zoneLabel,
} from './page.ts'
import type { Session } from './sessions.ts'

/** The pages in the navigation, in groups. */
const GROUPS: Readonly<Record<Session['kind'], readonly (readonly Entry[])[]>> = {
  operator: [
    ['', 'registrations', 'deliveries', 'hosts'],
    ['partners', 'accounts', 'bulk'],
    ['nodes', 'alerts', 'settings', 'audit', 'tokens'],
  ],
  partner: [
    ['', 'registrations', 'deliveries', 'hosts'],
    ['keys', 'secrets', 'contact'],
  ],
}

const RETRIED: Words = { en: 'waiting for a retry', zh: '等待重试' }
const PAUSED: Words = { en: 'paused', zh: '已暂停' }
const countedProblems = ({ length }: readonly unknown[]) =>
  [length, { en: length === 1 ? 'problem' : 'problems', zh: '个问题' }] as const
/** The counts in the answers of calls that pages make anyway. */
export const COUNTED: Readonly<Record<string, (answer: never) => Counts>> = {
  '/v1/admin/overview': ({ problems, deliveries, bulk, nodes }: Overview) => ({
    '': countedProblems(problems.filter(({ code }) => troubleKind(code).level !== 'note')),
    deliveries: [deliveries.scheduled, RETRIED],
    accounts: [problems.filter(({ code }) => troubleKind(code).ready === 'accounts').length, PAUSED],
    bulk: [bulk.acts.open, { en: 'under way', zh: '进行中' }],
    nodes: [nodes.filter(({ lost }) => lost).length, { en: 'lost', zh: '失联' }],
  }),
  '/v1/status': ({ deliveries }: StatusAnswer) => ({ deliveries: [deliveries.pending, RETRIED] }),
}

const TAG: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' }

const searchWords = (kind: Session['kind']): Words => ({
  en: `Serial, id, ${kind === 'operator' ? 'partner name, APIID, ' : ''}or a search such as ${SEARCH_EXAMPLE[kind]}`,
  zh: `流水号、ID${kind === 'operator' ? '、合作方名称、APIID' : ''}，或条件，例如 ${SEARCH_EXAMPLE[kind]}`,
})

const PAGES: Words = { en: 'Pages', zh: '页面' }

const countOf = ({ t, counts }: Reader, page: Entry): Html => {
  const [count, words] = counts?.()[page] ?? [0]
  if (!words || count === 0) return ''
  return html` <span class="count" title="${t(words)}">${showCount(count)}<span class="hidden"> ${t(words)}</span></span>`
}

/** A column on wide screens; on narrow ones a menu, which browsers open without a script. */
const navigation = (reader: Reader, session: Session, active: string): Html => {
  const { t, to } = reader
  const linkTo = (page: Entry) =>
    html`<li><a href="${to(page)}"${page === active ? raw(' aria-current="page"') : ''}>${t(PAGE_NAMES[page])}${countOf(reader, page)}</a></li>`
  return html`<nav id="pages" aria-label="${t(PAGES)}" popover>${GROUPS[session.kind].map(
    group => html`<ul>${group.map(linkTo)}</ul>`,
  )}</nav>`
}

const PLACEHOLDER: Readonly<Record<Session['kind'], Words>> = {
  operator: { en: 'Serial, id or search', zh: '流水号、ID 或条件' },
  partner: { en: 'Serial, id or order=42', zh: '流水号、ID 或 order=42' },
}
const tools = ({ t, to, language }: Reader, { kind }: Session): Html => html`
  <form role="search" action="${to('find')}"><label><span class="hidden">${t(searchWords(kind))}</span>
    <input type="search" name="q" maxlength="500" autocomplete="off" placeholder="${t(PLACEHOLDER[kind])}   /" data-key="/"></label>${zoneInput({ language })}</form>
  <form method="post" action="${to('sign-out')}"><button class="plain">${t({ en: 'Sign out', zh: '退出' })}</button></form>`

/** Across all pages of operators, as long as no webhook is sent. */
const holdBar = async (reader: Reader, heldAt: Promise<number | null> | null): Promise<HtmlEscapedString> => {
  const since = await heldAt
  if (since === null) return html``
  const { t, to } = reader
  return html`<p role="alert" class="hold bad">${t({ en: 'No webhook is sent since ', zh: '全部回调暂停投递，始于 ' })}${time(reader, new Date(since).toISOString())}
    <a href="${to('deliveries')}">${t({ en: 'Resume…', zh: '恢复…' })}</a></p>`
}

/**
 * A whole page, with the label of the environment. Its referrer policy is looser than the header's: with `no-referrer`,
 * forms over plain HTTP send no origin and would be refused as coming from another site. Text of partners gets into the
 * page only through `html`, which escapes it.
 */
export const layout = (
  c: Context,
  reader: Reader,
  page: ConsolePage,
  { label, heldAt }: { label: string | null; heldAt: Promise<number | null> | null },
): Html => {
  const { language, session, t, to } = reader
  const [, , active = ''] = c.req.path.split('/')
  const { title = t(PAGE_NAMES[active as Entry]), body } = page
  const other = language === 'en' ? 'zh' : 'en'
  const here = new URL(c.req.url)
  here.searchParams.set('lang', other)
  const asset = (name: string) => to(`assets/${name}`)
  const menu = html`<button type="button" class="menu plain" popovertarget="pages" aria-label="${t(PAGES)}"></button>`
  return html`<!doctype html>
<html lang="${TAG[language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="same-origin">
<meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":false,"morphIgnore":["open","hidden"]}'>
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
<header>${session ? menu : ''}<strong class="brand">idface-notifier</strong>${label === null ? '' : html`<strong class="label bad">${label}</strong>`}${session ? tools(reader, session) : ''}
<a class="language" href="${here.search}" lang="${TAG[other]}" hreflang="${TAG[other]}">${t({ en: '中文', zh: 'English' })}</a></header>
${session ? navigation(reader, session, active) : ''}
${holdBar(reader, heldAt)}
<main id="main" tabindex="-1"><h1>${title}</h1>
${body}
</main>
<footer>${t({ en: 'Times in ', zh: '时间：' })}${zoneLabel(reader)} · <a href="${to('../docs')}">${t({ en: 'API documentation', zh: '接入文档' })}</a></footer>
</body>
</html>`
}

/** The page for a caller over the rate: cheap, and without assets. */
export const shortPage = ({ language, t }: Reader, { title, detail }: Readonly<Record<'title' | 'detail', string>>) =>
  html`<!doctype html><html lang="${TAG[language]}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · idface-notifier</title><h1>${title}</h1><p role="alert">${detail}</p><p><a href="">${t({ en: 'Try again', zh: '重试' })}</a></p></html>`

/** A page that sends the browser on, as a redirect does, but in a request of our own page. */
export const redirectPage = (path: string): Html =>
  html`<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${path}"><title>idface-notifier</title>`
