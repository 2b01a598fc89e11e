import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import { attemptError } from '../../store/registrations/filter.ts'
import type { FOUND_REGISTRATION } from '../admin/registration-view.ts'
import { errorText } from '../partner/explain-sentence.ts'
import type { LISTED } from '../partner/registrations.ts'
import type { FieldType } from './forms.ts'
import { type Column, type Html, PAGE_NAMES, partnerLink, type Reader, table, time, wrapped } from './page.ts'
import type { Session } from './sessions.ts'
import { DELIVERY_WORDS, deliveryBadge, REASON_WORDS, STATUS_WORDS, statusOf } from './words.ts'

export type Found = z.output<typeof FOUND_REGISTRATION>
export type Listed = z.output<typeof LISTED>
export type AnyRegistration = Found | Listed

const SERIAL: Words = { en: 'Serial', zh: '流水号' }
const STATUS: Words = { en: 'Status', zh: '状态' }
const WEBHOOK: Words = { en: 'Webhook', zh: '回调' }
const HOST: Words = { en: 'Host', zh: '主机' }
const ERROR: Words = { en: 'Error', zh: '错误' }

const ANY = { '': { en: 'any', zh: '全部' } }
const AGO: Words = { en: '2h, 13:00, 2026-11-24', zh: '2h、13:00、2026-11-24' }
/** Search fields of a list, by their names in the URL and in the search box. */
export const FIELDS: Readonly<Record<string, FieldType>> = {
  serial: { words: SERIAL },
  status: { words: STATUS, choices: { ...ANY, ...STATUS_WORDS } },
  delivery: { words: WEBHOOK, choices: { ...ANY, ...DELIVERY_WORDS } },
  metadata: { words: { en: 'Metadata', zh: '自定义数据' }, example: { en: 'order=42', zh: '如 order=42' } },
  reason: { words: { en: 'Unresolved because', zh: '未决的原因' }, choices: { ...ANY, ...REASON_WORDS } },
  partner: { words: { en: 'Partner', zh: '合作方' } },
  account: { words: { en: 'Account', zh: '账户' } },
  host: { words: HOST },
  error: { words: ERROR, example: { en: 'http_503, timeout', zh: '如 http_503、timeout' } },
  since: { words: { en: 'Since', zh: '起始时间' }, example: AGO },
  until: { words: { en: 'Until', zh: '截止时间' }, example: AGO },
}
const FOR_OPERATORS = ['reason', 'partner', 'account', 'error']
export const searchFieldsOf = ({ kind }: Pick<Session, 'kind'>): readonly string[] =>
  Object.keys(FIELDS).filter(name => (kind === 'operator' ? name !== 'metadata' : !FOR_OPERATORS.includes(name)))

const WITHOUT_WEBHOOK = ['serial', 'status', 'reason', 'account']
export const listFieldsOf = (session: Pick<Session, 'kind'>, name: ListName): readonly string[] =>
  searchFieldsOf(session).filter(field => name === 'registrations' || !WITHOUT_WEBHOOK.includes(field))

const isFound = (one: AnyRegistration): one is Found => 'partnerId' in one

/** Of webhooks the time of the last attempt, of registrations that of the registration: both do not fit on a screen. */
const first = (reader: Reader, name: ListName): readonly Column<AnyRegistration>[] => {
  const { to } = reader
  return [
    [SERIAL, ({ id, idcardid }) => html`<a href="${to(`registrations/${id}`)}">${idcardid}</a>`],
    [STATUS, ({ status, reason }) => statusOf(reader, status, reason)],
    [
      WEBHOOK,
      ({ delivery }) =>
        delivery.messageId === null
          ? '–'
          : html`${deliveryBadge(reader, delivery)} <small class="whole">${reader.t({ en: `(${delivery.attempts})`, zh: `（${delivery.attempts} 次）` })}</small>`,
    ],
    name === 'deliveries'
      ? [{ en: 'Last attempt', zh: '最近一次投递' }, one => time(reader, lastAttemptOf(one).at)]
      : [{ en: 'Registered', zh: '登记时间' }, ({ createdAt }) => time(reader, createdAt)],
  ]
}

/** The time of the last attempt to deliver the webhook, and its error. */
const lastAttemptOf = (one: AnyRegistration): { at: string | null; error: string | null } => {
  if (isFound(one)) return { at: one.delivery.lastAttemptAt, error: one.delivery.error }
  return { at: one.lastAttempt?.at ?? null, error: one.lastAttempt && attemptError(one.lastAttempt) }
}
/** What to do about it stands in the groups above the list, and here in the title. */
const lastError = ({ language }: Reader): Column<AnyRegistration> => [
  ERROR,
  one => {
    const { error } = lastAttemptOf(one)
    return error === null ? '–' : html`<code class="whole" title="${errorText(error, language) ?? ''}">${error}</code>`
  },
]

/** Columns of registrations for operators. */
export const foundColumns = (reader: Reader, name: ListName = 'registrations'): readonly Column<Found>[] => [
  ...first(reader, name),
  [{ en: 'Partner', zh: '合作方' }, found => partnerLink(reader, found)],
  [HOST, ({ host }) => html`<bdi class="name" title="${host}">${host}</bdi>`],
  lastError(reader),
]
type WithMetadata = Pick<Listed, 'metadata'>
const metadataOf = (one: AnyRegistration) => (one as WithMetadata).metadata ?? {}
/** The metadata of the searched key, of the key with the searched value, or of the first key. */
const metadataColumn = (items: readonly AnyRegistration[], searched = ''): readonly Column<AnyRegistration>[] => {
  const pairs = items.flatMap(one => Object.entries(metadataOf(one)))
  const [, named] = /^(?:metadata\.)?([^=]+)=/.exec(searched) ?? []
  const key = named ?? (pairs.find(([, value]) => value === searched) ?? pairs[0])?.[0]
  if (!key) return []
  const cell = (one: AnyRegistration) => {
    const value = metadataOf(one)[key] ?? '–'
    return html`<bdi class="name" title="${value}">${value}</bdi>`
  }
  return [[key.length > MAX_HEAD ? `${key.slice(0, MAX_HEAD)}…` : key, cell]]
}
const MAX_HEAD = 20

/** Columns of a partner's own registrations. */
const ownColumns = (reader: Reader, name: ListName): readonly Column<AnyRegistration>[] => [
  ...first(reader, name),
  [{ en: 'Callback URL', zh: '回调地址' }, ({ callbackUrl }) => (callbackUrl === null ? '–' : wrapped(callbackUrl))],
  lastError(reader),
]

/** The pages that list registrations: all of them, or those that have a webhook. */
export type ListName = 'registrations' | 'deliveries'
interface ListTable {
  items: AnyRegistration[]
  none: Words
  /** The column to select rows by, if the caller may act on them. */
  ticks: readonly Column<AnyRegistration>[]
  searched: Readonly<Partial<Record<string, string>>>
}
export const registrationTable = (
  reader: Reader,
  name: ListName,
  { items, none, ticks, searched }: ListTable,
): Html => {
  if (items.every(isFound))
    return table(reader, PAGE_NAMES[name], { columns: [...ticks, ...foundColumns(reader, name)], items, none })
  const own = ownColumns(reader, name).toSpliced(1, 0, ...metadataColumn(items, searched.metadata))
  return table(reader, PAGE_NAMES[name], { columns: [...ticks, ...own], items, none })
}
