import { html } from 'hono/html'
import type { Words } from '../../core/language.ts'
import { showShare } from '../../core/show-sizes.ts'
import { arrivedShare, type Figures, showMs, spanLinks, spanOf } from './charts.ts'
import type { Column, Html, Reader } from './page.ts'
import { NUMBER, PAGE_NAMES, partnerLink, partOrRefusal, showCount, table, time, wrapped } from './page.ts'
import type { Console, Visit } from './visit.ts'

type Webhooks = Figures['webhooks']
/** A host with its figures, for operators with its partner. */
export interface HostGroup {
  host: string | null
  partnerId?: string
  partnerName?: string | null
  registrations: number | null
  webhooks: Webhooks
}
export interface Groups {
  data: readonly HostGroup[]
  isCapped: boolean
  since: string
}
/** @param partner only its hosts; operators may ask for those of all */
export const readGroups = (visit: Visit, by: 'host' | 'partner', partner?: string): Promise<Groups> =>
  visit.session.kind === 'operator'
    ? visit.call<Groups>('GET', '/v1/admin/history/groups', { query: { since: spanOf(visit), by, partner } })
    : visit.call<Groups>('GET', '/v1/history/hosts', { query: { since: spanOf(visit) } })

/** A column of numbers by which the table can be sorted. */
export const numberColumn = <Item>(
  name: Words,
  by: (item: Item) => number | null | undefined,
  show: (n: number) => Html = showCount,
): Column<Item> => {
  const known = (item: Item) => by(item) ?? null
  const cell = (n: number | null) => (n === null ? '–' : show(n))
  return [name, item => cell(known(item)), { ...NUMBER, by: known }]
}

/** Columns of the figures of webhooks, if `pick` knows those of an item. */
export const webhookColumns = <Item>(reader: Reader, pick: (item: Item) => Webhooks | undefined) => {
  const column = (name: Words, of: (webhooks: Webhooks) => number | null, show?: (n: number) => Html) =>
    numberColumn<Item>(
      name,
      item => {
        const webhooks = pick(item)
        return webhooks && of(webhooks)
      },
      show,
    )
  const showTime = (ms: number) => showMs(reader, ms)
  const showBad = (n: number) => (n === 0 ? '0' : html`<span class="bad">${showCount(n)}</span>`)
  return {
    delivered: column({ en: 'Delivered', zh: '已送达' }, ({ delivered }) => delivered),
    arrived: column({ en: 'Arrived', zh: '送达率' }, arrivedShare, showShare),
    p50: column({ en: 'p50', zh: 'p50' }, ({ p50Ms }) => p50Ms, showTime),
    p95: column({ en: 'p95', zh: 'p95' }, ({ p95Ms }) => p95Ms, showTime),
    failedAttempts: column(
      { en: 'Failed attempts', zh: '投递失败次数' },
      ({ failedAttempts }) => failedAttempts,
      showBad,
    ),
    givenUp: column({ en: 'Given up', zh: '已放弃' }, ({ givenUp }) => givenUp, showBad),
  }
}

/** What was counted, what the columns mean, and whether groups are missing. */
export const columnNotes = (reader: Reader, { since, isCapped }: Pick<Groups, 'since' | 'isCapped'>): Html => {
  const { t } = reader
  const capped = {
    en: ' Only the 250 with the most failures or webhooks have figures.',
    zh: '仅统计失败或回调最多的 250 个。',
  }
  return html`<p><small>${t({ en: 'In whole hours, since ', zh: '按整点小时统计，始于 ' })}${time(reader, since)}${t({
    en: '. Arrived: of the webhooks that were delivered or given up, without resends. p50, p95: from the verdict to the 2xx.',
    zh: '。送达率：已送达 ÷（已送达＋已放弃），不含重发。p50、p95：从得出结果到收到 2xx 的时间。',
  })}${isCapped ? t(capped) : ''}</small></p>`
}

const HOST: Words = { en: 'Host', zh: '主机' }
const ALL_HOSTS: Words = { en: 'All hosts', zh: '全部主机' }
const NONE: Words = { en: 'No webhook was sent in this time.', zh: '此期间没有投递回调。' }

const hostTable = (visit: Visit, groups: Groups, most: number): Html => {
  const { data, isCapped } = groups
  const isCut = data.length > most
  const { t, to, session } = visit
  const of = ({ host, partnerId: partner }: HostGroup) => ({ host, partner, since: spanOf(visit) })
  const partnerColumn: Column<HostGroup> = [
    { en: 'Partner', zh: '合作方' },
    ({ partnerId = '', partnerName = null }) => partnerLink(visit, { partnerId, partnerName }),
    { by: ({ partnerName = null }) => partnerName },
  ]
  const columns: Column<HostGroup>[] = [
    [
      HOST,
      one => html`<a href="${to('deliveries', of(one))}">${wrapped(one.host ?? '')}</a>`,
      { by: ({ host }) => host },
    ],
    ...(session.kind === 'operator' ? [partnerColumn] : []),
    ...Object.values(webhookColumns<HostGroup>(visit, ({ webhooks }) => webhooks)),
    ['', one => html`<a class="whole" href="${to('registrations', of(one))}">${t(PAGE_NAMES.registrations)}</a>`],
  ]
  return html`${table(visit, PAGE_NAMES.hosts, { items: data.slice(0, most), none: NONE, columns, sortedBy: isCut ? null : visit })}
    ${isCut ? html`<p><a href="${to('hosts', { span: spanOf(visit) })}">${t(ALL_HOSTS)}</a></p>` : ''}
    ${data.length === 0 && !isCapped ? '' : columnNotes(visit, groups)}`
}

/** `partner`: as for `readGroups`. Shows `most` hosts at most, with a link to all. */
export const hostPart = (visit: Visit, partner?: string, most = Number.POSITIVE_INFINITY): Promise<Html> =>
  partOrRefusal(readGroups(visit, 'host', partner).then(groups => hostTable(visit, groups, most)))

/** `/console/hosts`: how webhooks arrive at each host. */
export const addHosts = ({ page }: Console): void =>
  page('hosts', async visit => ({
    body: html`${spanLinks(visit)}${await hostPart(visit, visit.c.req.query('partner'))}`,
  }))
