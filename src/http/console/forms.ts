import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { z } from 'zod'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { MAX_NAME, MAX_REASON } from '../../core/line.ts'
import type { Role } from '../../core/role.ts'
import type { OPERATOR_CALLS } from '../admin/me.ts'
import type { ProblemAnswer } from '../json/problem.ts'
import { copied, type Html, type Reader, zoneLabel } from './page.ts'
import { FIELDS } from './registration-columns.ts'
import type { Form, Visit } from './visit.ts'
import {
  limitOf,
  MODE_WORDS,
  NO_LIMIT,
  OVERLAP_WORDS,
  PAYLOAD,
  PAYLOAD_WORDS,
  ROLE_WORDS,
  SIGNATURE_WORDS,
  TTL_WORDS,
} from './words.ts'

type Operator = z.output<(typeof OPERATOR_CALLS)['GET /v1/admin/me']['answers'][200]>

const NO_FORM: Words = { en: 'The body must be a form.', zh: '请求体必须是表单。' }

/** A page of selected rows, a reason and a rest. */
const MAX_FIELDS = 60
const TOO_MANY: Words = { en: 'A form has 60 fields at most, each once.', zh: '表单最多 60 个字段，且不得重复。' }

/** Maximum size of a form, which is read as a whole. The longest legitimate one has a URL and a reason. */
const MAX_FORM_BYTES = 8 * 1024
const TOO_LARGE: Words = {
  en: 'A form must have at most 8 KiB and a content-length header.',
  zh: '表单最大为 8 KiB，且必须带有 content-length。',
}
export const refuseLarge = ({ req }: Context): void => {
  const isLong = Number(req.header('content-length') ?? 0) > MAX_FORM_BYTES
  // Read in chunks of one byte, a form would block the event loop for 25 ms.
  if (isLong || req.header('transfer-encoding') !== undefined) throw new AppError('payload_too_large', TOO_LARGE)
}

/** Returns the posted fields, trimmed: pasted text often brings blanks along. */
export const postedOf = async (c: Context): Promise<Readonly<Record<string, string>>> => {
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? '')
  const text = isForm ? await c.req.text().catch(() => null) : null
  if (text === null) throw new AppError('unsupported_media_type', NO_FORM)
  const fields = [...new URLSearchParams(text)]
  if (fields.length > MAX_FIELDS || new Set(fields.map(([name]) => name)).size < fields.length)
    throw new AppError('invalid_body', TOO_MANY)
  return Object.fromEntries(fields.map(([name, value]) => [name, value.trim()]))
}

export const withoutEmpty = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))

/** A form as the API takes it, without empty fields. Its `why` is the API's `reason`: searches have a `reason` too. */
export const formOf = async (c: Context): Promise<Form> => {
  const { why, ...fields } = withoutEmpty(await postedOf(c))
  return why === undefined ? fields : { ...fields, reason: why }
}

export const roleOf = async ({ call }: Pick<Visit, 'call'>): Promise<Role> =>
  (await call<Operator>('GET', '/v1/admin/me')).role

const NUMBER = 'inputmode="decimal" maxlength="10"'

export interface FieldType {
  words: Words
  /** The allowed values; left out: any text. */
  choices?: Readonly<Record<string, Words>>
  /** Placeholder of the input. */
  example?: Words
  /** The value is a time in the zone of `zoneInput`, which the form needs too. */
  isTime?: true
  attributes?: string
}
/** Form fields by their API names. A name means the same in every form. */
const TYPES = {
  name: { words: { en: 'Name', zh: '名称' }, attributes: `required maxlength="${MAX_NAME}"` },
  account: { words: { en: 'APIID', zh: 'APIID' }, attributes: 'required maxlength="128"' },
  apiKey: { words: { en: 'APIKEY', zh: 'APIKEY' }, attributes: 'type="password" maxlength="256"' },
  mode: { words: { en: 'Password mode', zh: '密码方式' }, choices: MODE_WORDS },
  rate: {
    words: { en: 'Calls per second; empty: UPSTREAM_RATE', zh: '每秒查询次数；不填则为 UPSTREAM_RATE' },
    attributes: NUMBER,
  },
  partnerId: {
    words: { en: 'Partner, by name or id; empty: every partner', zh: '合作方（名称或 ID）；不填则共用' },
    attributes: 'maxlength="64"',
  },
  partner: { words: { en: 'Partner, by name or id', zh: '合作方（名称或 ID）' }, attributes: 'maxlength="64"' },
  role: { words: { en: 'Role', zh: '角色' }, choices: ROLE_WORDS },
  payload: { words: PAYLOAD, choices: PAYLOAD_WORDS },
  'quotas.pending': { words: limitOf('pending'), example: NO_LIMIT, attributes: NUMBER },
  'quotas.hosts': { words: limitOf('hosts'), example: NO_LIMIT, attributes: NUMBER },
  'quotas.daily': { words: limitOf('daily'), example: NO_LIMIT, attributes: NUMBER },
  callbackUrl: { words: { en: 'Callback URL', zh: '回调地址' }, attributes: 'type="url" required maxlength="2048"' },
  since: { words: { en: 'Since', zh: '起始时间' }, isTime: true },
  until: { words: { en: 'Until; empty: now', zh: '截止时间；不填则为现在' }, isTime: true },
  host: { words: { en: 'Host; empty: all', zh: '主机；不填则全部' }, attributes: 'maxlength="260"' },
  messageSince: { words: { en: 'Created since', zh: '创建时间不早于' }, isTime: true },
  expiresAt: { words: { en: 'Expires; empty: never', zh: '到期时间；不填则不过期' }, isTime: true },
  url: {
    words: { en: 'URL of a robot, or of your own for signed JSON', zh: '群机器人地址，或接收签名 JSON 的自有地址' },
    attributes: 'type="url" required maxlength="2048"',
  },
  secret: {
    words: { en: 'Its signing secret, if it has one', zh: '其签名密钥（如有）' },
    attributes: 'type="password" maxlength="256"',
  },
  ttl: { words: { en: 'Valid for', zh: '有效时长' }, choices: TTL_WORDS },
  overlap: { words: { en: 'Overlap', zh: '重叠期' }, choices: OVERLAP_WORDS },
  type: { words: { en: 'Signature', zh: '签名方式' }, choices: SIGNATURE_WORDS },
  why: { words: { en: 'Reason (kept in the audit)', zh: '原因（记入审计）' }, attributes: `maxlength="${MAX_REASON}"` },
} satisfies Record<string, FieldType>
type Typed = keyof typeof TYPES

export const fieldOf = (reader: Reader, name: string, type: FieldType, value = '', isRequired = false): Html => {
  const { t } = reader
  const { words, choices = {}, isTime, example, attributes = '' } = type
  const options = Object.entries(choices).map(
    ([choice, one]) => html`<option value="${choice}"${choice === value ? raw(' selected') : ''}>${t(one)}</option>`,
  )
  const required = isRequired ? raw(' required') : ''
  if (isTime)
    return html`<label><span>${t(words)}${t({ en: ' (', zh: '（' })}${zoneLabel(reader)}${t({ en: ')', zh: '）' })}</span>
    <input type="datetime-local" name="${name}" value="${value}"${required}></label>`
  if (options.length > 0) return html`<label>${t(words)} <select name="${name}">${options}</select></label>`
  const placeholder = example ? html` placeholder="${t(example)}"` : ''
  return html`<label>${t(words)}
    <input name="${name}" value="${value}" autocomplete="off" ${raw(attributes)}${placeholder}${required}></label>`
}

export const field = (reader: Reader, name: Typed, value: string | number = '', isRequired = false): Html =>
  fieldOf(reader, name, TYPES[name], String(value), isRequired)

/** @param needing the names of the acts that require a reason, of those that the form has; `all`, or none */
const reasonField = (reader: Reader, needing: 'all' | readonly string[]): Html => {
  const [en, zh] =
    needing === 'all'
      ? ['required', '必填']
      : needing.length === 0
        ? ['optional', '选填']
        : [`required for “${needing.join('”, “')}”`, `“${needing.join('”“')}”必填`]
  const words = { en: `Reason (kept in the audit; ${en})`, zh: `原因（记入审计；${zh}）` }
  return fieldOf(reader, 'why', { ...TYPES.why, words }, '', needing === 'all' || needing.length > 0)
}

interface ActForm {
  /** The path that the form is sent to. */
  to: string
  name: Words
  /** The operators' API call behind it; other roles do not get the form. */
  call?: { role: Role }
  fields?: Html
  hidden?: Readonly<Record<string, string>>
  /** The consequences. The form is folded, and shows them when opened. */
  warning?: Words
  isReasonRequired?: boolean
}
/** Returns the form of an action, for operators with a reason; empty if the caller's role does not allow the action. */
export const actForm = async (
  visit: Visit,
  { to, name, call, fields = '', hidden = {}, warning, isReasonRequired = false }: ActForm,
): Promise<HtmlEscapedString> => {
  if (call && !(await visit.may(call))) return html``
  const { t, session } = visit
  const form = html`<form method="post" action="${visit.to(to)}" class="${fields === '' ? 'row' : 'fields'}">
    ${Object.entries(hidden).map(one => hiddenInput(...one))}${fields}${session.kind === 'operator' ? reasonField(visit, isReasonRequired ? 'all' : []) : ''}
    <button>${t(name)}</button></form>`
  return warning ? html`<details><summary>${t(name)}…</summary><p>${t(warning)}</p>${form}</details>` : form
}
/** One form for several acts on an object, with one reason, as `actForm` for each. Enter in the reason does none of them. */
export const actForms = async (
  visit: Visit,
  acts: readonly Omit<ActForm, 'fields' | 'hidden'>[],
  formId?: string,
): Promise<HtmlEscapedString> => {
  const { t, to, session } = visit
  const allowed = await Promise.all(acts.map(async act => (!act.call || (await visit.may(act.call)) ? [act] : [])))
  const buttons = allowed.flat().map(({ to: path, name, warning, isReasonRequired }) => {
    const button = html`<button formaction="${to(path)}"${isReasonRequired ? '' : raw(' formnovalidate')}>${t(name)}</button>`
    return warning ? html`<details><summary>${t(name)}…</summary><p>${t(warning)}</p>${button}</details>` : button
  })
  if (buttons.length === 0) return html``
  const needing = allowed.flat().flatMap(({ name, isReasonRequired }) => (isReasonRequired ? t(name) : []))
  const reason =
    session.kind === 'operator' ? reasonField(visit, needing.length === buttons.length ? 'all' : needing) : ''
  return html`<form method="post" class="row acts"${formId ? html` id="${formId}"` : ''}><button disabled hidden></button>${reason}${buttons}</form>`
}
const hiddenInput = (name: string, value = ''): Html => html`<input type="hidden" name="${name}" value="${value}">`

/** Returns a link to the page of an action; empty if the caller's role does not allow the action. */
export const actLink = async (
  { t, may }: Visit,
  { to, name, call }: { to: string; name: Words; call: { role: Role } },
): Promise<HtmlEscapedString> =>
  (await may(call)) ? html`<p><a class="button" href="${to}">${t(name)}</a></p>` : html``

/** What the API says of times, as forms take them. */
const asTyped = (message: string): string =>
  message
    .replace(/,? in ISO 8601 with its offset|，格式为带时区偏移的 ISO 8601|带时区偏移的 ISO 8601 /, '')
    .replace(/ \(in a URL.*?\)|（在 URL .*?）/, '')
    .replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ/, '$1 $2')

/** The wrong fields of a refused form, by their labels. */
export const wrongFields = ({ t }: Reader, errors: NonNullable<ProblemAnswer['errors']>): Html => {
  const labels: Readonly<Record<string, FieldType | undefined>> = { ...TYPES, ...FIELDS, idcardid: FIELDS.serial }
  return html`<ul>${errors.map(({ path, message }) => {
    const [label] = t(labels[path.replace(/^filter\./, '')]?.words ?? { en: path, zh: path }).split(/[;；]/)
    return html`<li data-field="${path}"><strong>${label}</strong> ${asTyped(message)}</li>`
  })}</ul>`
}

/** A refused form with its input, to be corrected and sent again. Keys and secrets have to be typed anew. */
export const formAgain = (reader: Reader, sent: Readonly<Record<string, string>>): Html => {
  const isTyped = (name: string): name is Typed => Object.hasOwn(TYPES, name)
  const names = Object.keys(sent)
  if (!names.some(isTyped)) return ''
  return html`<form method="post" class="fields">${names.map(name =>
    isTyped(name)
      ? field(reader, name, ['apiKey', 'secret'].includes(name) ? '' : sent[name])
      : hiddenInput(name, sent[name]),
  )}<button>${reader.t({ en: 'Submit again', zh: '重新提交' })}</button></form>`
}

/** Returns other text unchanged: the API then describes the expected form. */
export const numberOf = (text: string | undefined): number | string | undefined =>
  text !== undefined && /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text

/** Secrets that are shown only once, each with a copy button. */
export const shownOnce = (reader: Reader, secrets: readonly (readonly [name: Words, value: string])[]): Html =>
  html`<p role="status">${reader.t({
    en: 'Shown only once: save it before you leave this page.',
    zh: '仅显示这一次，离开本页前请妥善保存。',
  })}</p>${secrets.map(
    ([name, value], index) => html`<h2>${reader.t(name)}</h2>${copied(reader, value, `secret-${index}`)}`,
  )}`
