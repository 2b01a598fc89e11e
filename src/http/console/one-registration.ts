import { html } from 'hono/html'
import type { z } from 'zod'
import { SECOND } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import { BULK_ACTS } from '../../store/registrations/filter.ts'
import type { REGISTRATION_DETAIL } from '../admin/registration-view.ts'
import { FOUND_REGISTRATION_CALLS } from '../admin/registrations.ts'
import type { EventAnswer } from '../partner/events.ts'
import type { ExplanationAnswer } from '../partner/explain.ts'
import type { AttemptAnswer } from '../partner/registration-schemas.ts'
import { newestActs } from './audit.ts'
import { actForms } from './forms.ts'
import { DEADLINE, type OneRegistration, registrationTimeline } from './moments.ts'
import { type ConsolePage, copied, type Fact, facts, type Html, live, type Reader, time, wrapped } from './page.ts'
import { actOn, BASES, CALLS } from './ticked.ts'
import type { Console, Visit } from './visit.ts'
import { deliveryBadge, PAYLOAD_WORDS, statusOf } from './words.ts'

type Detail = z.output<typeof REGISTRATION_DETAIL>

/** Matches only the ids of registrations, so that no path can reach other API calls. */
const PATH = 'registrations/:id{reg_[0-9A-Z]+}'
const registrationPath = ({ id, session }: Visit): string => `${BASES[session.kind]}/${id}`

/** Escapes bidirectional control characters in JSON: they would reorder the text around them. */
const escaped = (json: string): string =>
  json.replace(/\p{Bidi_Control}/gu, one => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
const jsonOf = (value: unknown, indent = 0): string => escaped(JSON.stringify(value, null, indent))

/** Partner and account of the registration, for operators. */
const belonging = ({ t, to }: Reader, { partner, account }: Detail): readonly Fact[] => {
  const disabled = partner.disabled ? ` ${t({ en: '(disabled)', zh: '（已停用）' })}` : ''
  const all = html`<a href="${to('registrations', { partner: partner.id })}"><code>${partner.id}</code></a>`
  const paused = account.paused ? t({ en: ' (paused)', zh: '（已暂停）' }) : ''
  return [
    [{ en: 'Partner', zh: '合作方' }, html`<bdi>${partner.name ?? '–'}</bdi> ${all}${disabled}`],
    [{ en: 'Account', zh: '账户' }, `${account.account ?? account.id}${paused}`],
  ]
}

const BODY: Words = { en: 'Body', zh: '正文' }
const whyNoBody = ({ session }: Reader, { status, metadata }: OneRegistration): Words => {
  if (status === 'cancelled') return { en: 'erased', zh: '已删除' }
  return session?.kind === 'operator' && metadata === null
    ? { en: 'hidden', zh: '已隐藏' }
    : { en: 'cannot be decrypted', zh: '无法解密' }
}
const ONE_LINE: Words = {
  en: 'It is sent and signed as one line, without these line breaks.',
  zh: '实际发送和签名的是不含这些换行的一行文本。',
}
const SIGNED: Words = {
  en: 'Each attempt is signed anew: it has a webhook-timestamp and a webhook-signature of its own. GET /v1/events has those of now, with the exact body.',
  zh: '每次投递都重新签名，带有各自的 webhook-timestamp 和 webhook-signature。GET /v1/events 可取得当前的时间戳和签名及正文原文。',
}
/** A webhook, with its headers that do not follow from the attempt. */
interface Sent {
  body: string
  headers: Readonly<Record<string, string>>
}
const sentPart = (reader: Reader, { body, headers }: Sent, attempts: number): Html => {
  const { t } = reader
  const json = JSON.parse(body)
  const isThin = !Object.hasOwn(json.data, 'message')
  const all = { 'content-type': 'application/json', ...headers, 'webhook-attempt': Math.max(1, attempts) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return html`<details><summary>${t(BODY)}</summary>${copied(reader, jsonOf(json, 2), 'body')}
    <p>${t(ONE_LINE)}${isThin ? html` ${t(PAYLOAD_WORDS.thin)}` : ''}</p></details>
    <details><summary>${t({ en: 'Headers', zh: '请求头' })}</summary>${copied(reader, lines.join('\n'), 'headers')}
    <p>${t(SIGNED)}</p></details>`
}

/** What the line of time does not say. */
const factsPart = (reader: Reader, one: OneRegistration, sent: Sent | null): Html => {
  const { t } = reader
  const { messageId, attempts } = one.delivery
  const metadata = one.metadata === null ? t({ en: 'hidden', zh: '已隐藏' }) : jsonOf(one.metadata)
  return html`${facts(reader, [
    [{ en: 'Serial', zh: '流水号' }, `${one.idcardid}${one.sandbox ? t({ en: ' (test)', zh: '（测试）' }) : ''}`],
    ...('partner' in one ? belonging(reader, one) : []),
    [{ en: 'Status', zh: '状态' }, statusOf(reader, one.status, one.reason)],
    ...(one.status === 'pending' ? [] : [[DEADLINE, time(reader, one.expiresAt)] as const]),
    [{ en: 'Metadata', zh: '自定义数据' }, metadata],
  ])}
  <h2>${t({ en: 'Webhook', zh: '回调' })}</h2>
  ${facts(reader, [
    [{ en: 'Callback URL', zh: '回调地址' }, wrapped(one.callbackUrl ?? ('host' in one ? one.host : '–'))],
    ['webhook-id', messageId ?? '–'],
    [{ en: 'Delivery', zh: '投递' }, messageId === null ? '–' : deliveryBadge(reader, one.delivery)],
    ...(messageId === null || sent !== null ? [] : [[BODY, t(whyNoBody(reader, one))] as const]),
  ])}${sent === null ? '' : sentPart(reader, sent, attempts)}`
}

const actsPart = (visit: Visit, { status, delivery, metadata }: OneRegistration): Html => {
  if (status === 'cancelled') return ''
  const path = `registrations/${visit.id}`
  const again = (act: 'poll' | 'resend', name: Words) => ({
    to: `${path}/${act}`,
    name,
    call: CALLS[act],
  })
  const reveal = {
    to: `${path}/reveal`,
    name: { en: 'Show personal data', zh: '显示个人数据' },
    call: FOUND_REGISTRATION_CALLS['POST /v1/admin/registrations/:id/reveal'],
    isReasonRequired: true,
  }
  const cancel = {
    to: `${path}/cancel`,
    name: { en: 'Cancel the registration', zh: '取消该登记' },
    call: CALLS.cancel,
    warning: {
      en: 'It is no longer polled and sends no webhook, and its metadata is erased. This cannot be undone.',
      zh: '取消后不再查询，也不再投递回调，并删除自定义数据。取消后无法恢复。',
    },
  }
  const erase = {
    to: `${path}/erase`,
    name: { en: 'Erase its data', zh: '删除其数据' },
    call: CALLS.cancel,
    warning: {
      en: 'Its metadata, its verdict with the scores, the text of its webhook and the answers of the receiver are erased; the verdict only with the last registration of the serial. If the webhook has not arrived yet, it is no longer sent. The serial and the URL stay until RETENTION ends, and backups keep everything. This cannot be undone.',
      zh: '删除自定义数据、结果与分数、回调内容和接收端的响应；同一流水号有多个登记时，全部删除后才删除结果。回调尚未送达的，不再投递。流水号和回调地址保留至 RETENTION 到期，已有备份不受影响。删除后无法恢复。',
    },
  }
  return actForms(visit, [
    ...(status === 'pending' ? [again('poll', { en: 'Poll now', zh: '立即查询' })] : []),
    ...(delivery.messageId === null ? [] : [again('resend', { en: 'Resend', zh: '重发回调' })]),
    ...(metadata === null ? [reveal] : []),
    status === 'pending' ? cancel : erase,
  ])
}

/** The API call behind the page, and its response. */
const callPart = (visit: Visit, one: OneRegistration): Html => {
  const { session, baseUrl } = visit
  const token = session.kind === 'operator' ? '$ADMIN_TOKEN' : '$API_KEY'
  return html`<h2>curl</h2>
  ${copied(visit, `curl -s "${baseUrl}${registrationPath(visit)}" -H "authorization: Bearer ${token}"`, 'curl')}
  <details><summary>JSON</summary>${copied(visit, jsonOf(one, 2), 'json')}</details>`
}

/** The webhook as it is sent, for its partner, signed now; null: none, erased, or not decryptable. */
const readSent = async ({ id, call }: Visit): Promise<Sent | null> => {
  const { data } = await call<{ data: EventAnswer[] }>('GET', '/v1/events', {
    query: { registrationId: id, limit: '1' },
  })
  return data[0] ?? null
}

/** The same for operators, without a signature. */
const shownBody = ({ webhookBody, delivery }: Detail): Sent | null =>
  webhookBody === null ? null : { body: webhookBody, headers: { 'webhook-id': delivery.messageId ?? '' } }

const SOON_MS = 30 * SECOND
/** Whether its timeline changes within seconds. */
const changesSoon = ({ at, polling, delivery }: ExplanationAnswer): boolean =>
  delivery.underWay ||
  [polling.nextPollAt, delivery.nextAttemptAt].some(
    next => next !== null && Math.abs(Date.parse(next) - Date.parse(at)) < SOON_MS,
  )

/** @param revealed the registration with its personal data; the page then does not refresh itself, which would hide them */
const onePage = async (visit: Visit, revealed?: Detail): Promise<ConsolePage> => {
  const { id, call, t } = visit
  const one = revealed ?? (await call<OneRegistration>('GET', registrationPath(visit)))
  const [explanation, { data: attempts }, acts, sent] = await Promise.all([
    call<ExplanationAnswer>('GET', `${registrationPath(visit)}/explain`),
    call<{ data: AttemptAnswer[] }>('GET', `${registrationPath(visit)}/attempts`),
    newestActs(visit, id),
    'webhookBody' in one ? shownBody(one) : readSent(visit),
  ])
  return {
    title: t({ en: `Registration ${id}`, zh: `登记 ${id}` }),
    body: html`<div class="beside"><section>${live(
      revealed === undefined && changesSoon(explanation) ? 5 : null,
      html`<p>${explanation.sentence}</p><h2>${t({ en: 'Timeline', zh: '时间线' })}</h2>
    ${registrationTimeline(visit, { one, explanation, attempts, acts })}`,
    )}
    ${actsPart(visit, one)}</section>
    <section id="facts"><h2>${t({ en: 'Registration', zh: '登记' })}</h2>${factsPart(visit, one, sent)}</section></div>
    ${callPart(visit, one)}`,
  }
}

/** `/console/registrations/:id`: one registration, and the actions on it. */
export const addOneRegistration = ({ page, act }: Console): void => {
  page(PATH, visit => onePage(visit))
  act(`${PATH}/reveal`, async visit => {
    const body = await visit.form()
    return onePage(visit, await visit.call<Detail>('POST', `${registrationPath(visit)}/reveal`, { body }))
  })
  for (const name of [...BULK_ACTS, 'erase'] as const)
    act(`${PATH}/${name}`, async visit => {
      await actOn(visit, { id: visit.id, act: name, reason: (await visit.form()).reason })
    })
}
