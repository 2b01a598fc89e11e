import { html } from 'hono/html'
import type { z } from 'zod'
import { DAY, HOUR, MINUTE, SECOND } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import { MINUTES, SECONDS, shareOf, showShare } from '../../core/show-sizes.ts'
import type { HISTORY, OPERATOR_HISTORY } from '../json/history.ts'
import { type Html, type Name, named, partOrRefusal, type Reader, showCount, time } from './page.ts'
import type { Visit } from './visit.ts'

type OperatorHistory = z.output<typeof OPERATOR_HISTORY>
/** Counts and times of a span. Those of upstream are of all partners, for operators. */
export type Figures = z.output<typeof HISTORY>['totals'] & Partial<Pick<OperatorHistory['totals'], 'polls' | 'due'>>
interface History {
  until: string
  data: readonly (Figures & { at: string })[]
  totals: Figures
}

const SPANS = {
  '24h': { ms: DAY, step: '5m', stepMs: 5 * MINUTE, words: { en: '24 hours', zh: '24 小时' } },
  '7d': { ms: 7 * DAY, step: '1h', stepMs: HOUR, words: { en: '7 days', zh: '7 天' } },
} as const
type Span = keyof typeof SPANS
/** The span that a page shows, as calls of the API take it. */
export const spanOf = ({ c }: Visit): Span => (c.req.query('span') === '7d' ? '7d' : '24h')

/** Links to the spans that a page can show. */
export const spanLinks = (visit: Visit): Html => {
  const shown = spanOf(visit)
  const links = Object.entries(SPANS).map(([span, { words }]) => {
    const here = new URL(visit.c.req.url)
    here.searchParams.set('span', span)
    return html`<a class="button" href="${here.search}"${span === shown ? html` aria-current="true"` : ''}>${visit.t(words)}</a> `
  })
  return html`<p class="spans">${links}</p>`
}

/** Share of the webhooks that arrived, of those that were delivered or given up. */
export const arrivedShare = ({ delivered, givenUp }: Figures['webhooks']) => shareOf(delivered, delivered + givenUp)
/** `180 ms`, `1.2 s`, `3 min` */
export const showMs = ({ t }: Reader, ms: number | null): string => {
  if (ms === null) return '–'
  if (ms < SECOND) return `${ms} ms`
  const [size, unit] = ms < 2 * MINUTE ? SECONDS : MINUTES
  return `${Number((ms / size).toPrecision(3))} ${t(unit)}`
}

/** A line of a chart; undefined: the reader's history has no such figure. */
type Line = readonly [name: Name, tone: string, pick: (figures: Figures) => number | null | undefined]
interface Chart {
  name: Words
  isTime?: true
  lines: readonly Line[]
}
const CHARTS: readonly Chart[] = [
  {
    name: { en: 'Verdicts', zh: '结果' },
    lines: [
      [{ en: 'succeeded', zh: '通过' }, 'good', ({ verdicts }) => verdicts?.succeeded],
      [{ en: 'failed', zh: '未通过' }, 'main', ({ verdicts }) => verdicts?.failed],
      [{ en: 'unresolved', zh: '未决' }, 'warned', ({ verdicts }) => verdicts?.unresolved],
    ],
  },
  {
    name: { en: 'Answer time of GetResult', zh: 'GetResult 响应时间' },
    isTime: true,
    lines: [
      ['p50', 'main', ({ polls }) => polls?.p50Ms],
      ['p95', 'warned', ({ polls }) => polls?.p95Ms],
    ],
  },
  {
    name: { en: 'From verdict to 2xx', zh: '结果至送达（2xx）的时间' },
    isTime: true,
    lines: [
      ['p50', 'main', ({ webhooks }) => webhooks.p50Ms],
      ['p95', 'warned', ({ webhooks }) => webhooks.p95Ms],
    ],
  },
  {
    name: { en: 'Webhooks', zh: '回调' },
    lines: [
      [{ en: 'delivered', zh: '已送达' }, 'good', ({ webhooks }) => webhooks.delivered],
      [{ en: 'failed attempts', zh: '投递失败次数' }, 'bad', ({ webhooks }) => webhooks.failedAttempts],
    ],
  },
  {
    name: { en: 'Most that waited', zh: '排队最多时' },
    lines: [
      [{ en: 'serials', zh: '流水号' }, 'main', ({ due }) => due?.polls],
      [{ en: 'webhooks', zh: '回调' }, 'warned', ({ due }) => due?.webhooks],
    ],
  },
]

/** Something that happened, to be drawn into the charts; `to` is null while it lasts. */
export interface Mark {
  from: string
  to: string | null
  tone: 'alarm' | 'doubt' | 'start'
  words: string
}

const chart = (reader: Reader, { name, isTime, lines }: Chart, totals: Figures, rows: readonly Row[]): Html => {
  const { t } = reader
  const shown = lines.map(([lineName, tone, pick]) => {
    const total = pick(totals) ?? null
    return { words: named(reader, lineName), tone, total: isTime ? showMs(reader, total) : showCount(total ?? 0) }
  })
  const none = isTime ? null : 0
  const values = lines.map(([, , pick]) => rows.map(row => (row === null ? null : row === 0 ? none : pick(row))))
  return html`<figure class="chart" role="img" data-chart="${JSON.stringify(values)}"${isTime ? html` data-units="${t(SECONDS[1])} ${t(MINUTES[1])}"` : ''}
    aria-label="${t(name)}: ${shown.map(({ words, total }) => `${words} ${total}`).join(', ')}">
    <p class="name">${t(name)}<small></small></p>
    <p class="keys">${shown.map(({ words, tone, total }) => html`<span class="key ${tone}">${words} <b>${total}</b></span> `)}</p><div></div></figure>`
}
/** A step: 0 if nothing happened in it, null if it is from before the history or has not ended. */
type Row = Figures | 0 | null

const totalWords = (visit: Visit, totals: Figures): Html => {
  const { t } = visit
  const { verdicts, webhooks } = totals
  const { succeeded = 0, failed = 0, unresolved: left = 0 } = verdicts ?? {}
  const { words } = SPANS[spanOf(visit)]
  const { delivered, within5s, givenUp } = webhooks
  const counts = [succeeded + failed, left, delivered, within5s]
  const [ended, unresolved, arrived, soon] = counts.map(n => showCount(n))
  const [share, soonShare] = [arrivedShare(webhooks), shareOf(within5s, delivered)].map(showShare)
  const p95 = showMs(visit, webhooks.p95Ms)
  const sent: Words = {
    en: `${arrived} webhooks delivered (${share} of those that were delivered or given up), ${soon} of them within 5 s of the verdict (${soonShare}, p95 ${p95}).`,
    zh: `送达 ${arrived} 条回调（占已送达与已放弃的 ${share}），其中 ${soon} 条在得出结果后 5 秒内送达（${soonShare}，p95 ${p95}）。`,
  }
  const none: Words = { en: 'no webhook was delivered or given up.', zh: '没有送达或放弃的回调。' }
  return html`<p>${t({
    en: `In ${words.en}: ${ended} verdicts, ${unresolved} unresolved; `,
    zh: `${words.zh}内：${ended} 个结果，另有 ${unresolved} 个未决；`,
  })}${t(delivered + givenUp === 0 ? none : sent)}</p>`
}

/** Maximum number of marks: the newest. */
const MAX_MARKS = 20
const markList = (reader: Reader, marks: readonly Mark[]): Html =>
  marks.length === 0
    ? ''
    : html`<ol class="happened">${marks.map(
        ({ from, to, tone, words }) =>
          html`<li class="${tone}">${time(reader, from)}${to === from ? '' : html` – ${time(reader, to)}`} ${words}</li>`,
      )}</ol>`

const strip = (visit: Visit, { until, data, totals }: History, all: readonly Mark[]): Html => {
  const { ms, stepMs } = SPANS[spanOf(visit)]
  const end = Date.parse(until)
  const since = Math.floor((end - ms) / stepMs) * stepMs
  const marks = all
    .filter(({ to }) => to === null || Date.parse(to) >= since)
    .toSorted((one, other) => other.from.localeCompare(one.from))
    .slice(0, MAX_MARKS)
  const byTime = new Map(data.map(row => [Date.parse(row.at), row]))
  const first = data[0] ? Date.parse(data[0].at) : end
  const rows = Array.from({ length: Math.ceil((end - since) / stepMs) }, (_, i): Row => {
    const at = since + i * stepMs
    return at < first || at + stepMs > end ? null : (byTime.get(at) ?? 0)
  })
  const drawn = marks.map(({ from, to, tone, words }) => [Date.parse(from), Date.parse(to ?? until), tone, words])
  const shown = CHARTS.filter(({ lines }) => lines[0]?.[2](totals) !== undefined)
  return html`<section class="strip" data-since="${since}" data-step="${stepMs}" data-marks="${JSON.stringify(drawn)}">
    ${shown.map(one => chart(visit, one, totals, rows))}</section>
  ${totalWords(visit, totals)}${markList(
    visit,
    marks.filter(({ to }) => to !== null),
  )}`
}

/** The charts of the history, of all or of a partner, with what happened meanwhile; what of it has ended is listed below. */
export const charts = async (visit: Visit, marks: readonly Mark[] = [], partner?: string): Promise<Html> => {
  const path = visit.session.kind === 'operator' ? '/v1/admin/history' : '/v1/history'
  const query = { since: spanOf(visit), step: SPANS[spanOf(visit)].step, partner }
  const history = visit.call<History>('GET', path, { query })
  return html`${spanLinks(visit)}${await partOrRefusal(history.then(found => strip(visit, found, marks)))}`
}
