import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import type { REGISTRATION_DETAIL } from '../admin/registration-view.ts'
import { FOUND_REGISTRATION_CALLS } from '../admin/registrations.ts'
import type { ExplanationAnswer } from '../partner/explain.ts'
import type { AttemptAnswer, RegistrationAnswer } from '../partner/registration-schemas.ts'
import type { Console, Visit } from './console.ts'
import { actForm } from './forms.ts'
import { type ConsolePage, copied, type Fact, facts, type Html, type Reader, table, time } from './page.ts'
import type { Session } from './sessions.ts'
import { DELIVERY_WORDS, statusOf } from './words.ts'

type Detail = z.output<typeof REGISTRATION_DETAIL>
/** A registration as its partner gets it, or as operators get it. */
type One = RegistrationAnswer | Detail

/** Matches only the ids of registrations, so that no path can reach other API calls. */
const PATH = 'registrations/:id{reg_[0-9A-Z]+}'
/** Base path of the API calls, by the kind of session. */
const BASES: Readonly<Record<Session['kind'], string>> = {
  operator: '/v1/admin/registrations',
  partner: '/v1/registrations',
}
const registrationPath = ({ id, session }: Visit): string => `${BASES[session.kind]}/${id}`
const pagePath = ({ id }: Visit): string => `registrations/${id}`

const ATTEMPTS: Words = { en: 'Attempts', zh: '投递记录' }
const ATTEMPT_WORDS: Readonly<Record<AttemptAnswer['outcome'], Words>> = {
  delivered: { en: 'delivered', zh: '已送达' },
  rejected: { en: 'refused', zh: '被拒绝' },
  gone: { en: 'gone', zh: '地址已废弃' },
  failed: { en: 'no response', zh: '无响应' },
}
const ANSWER_WORDS: Readonly<Record<NonNullable<ExplanationAnswer['polling']['lastAnswer']>, Words>> = {
  verdict: { en: 'the verdict', zh: '已有结果' },
  waiting: { en: 'not finished yet', zh: '尚未完成' },
  unknown_status: { en: 'an undocumented status', zh: '未知状态' },
  not_found: { en: 'serial not found', zh: '查无此号' },
  invalid_id: { en: 'malformed serial', zh: '流水号格式错误' },
  transient: { en: 'failed', zh: '查询失败' },
  throttled: { en: 'asked for fewer calls', zh: '要求降低频率' },
  account: { en: 'refused the account', zh: '拒绝该账户' },
  clock: { en: 'refused the time of the call', zh: '拒绝请求时间' },
}

const lastAnswer = ({ t }: Reader, { polling: { lastAnswer: kind, code, status } }: ExplanationAnswer): string =>
  kind === null ? '–' : [t(ANSWER_WORDS[kind]), code, status].filter(part => part !== null).join(' · ')

/** JSON with escaped bidirectional control characters, which would reorder the text around them. */
const jsonOf = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(
    /\p{Bidi_Control}/gu,
    one => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** For partners, message and scores are folded: other people may see the screen. */
const verdict = ({ t, session }: Reader, { result }: One): Html => {
  if (result === null) return '–'
  const { status, message, similarity, livingScore } = result
  const told = [
    message && html`<bdi>${message}</bdi>`,
    similarity && `${t({ en: 'similarity', zh: '相似度' })} ${similarity}`,
    livingScore && `${t({ en: 'living score', zh: '活体分' })} ${livingScore}`,
  ]
    .filter(Boolean)
    .map((part, at) => html`${at === 0 ? '' : ' · '}${part}`)
  if (told.length === 0) return status
  if (session?.kind === 'operator') return html`${status} · ${told}`
  return html`${status}<details><summary>${t({ en: 'Show', zh: '查看详情' })}</summary>${told}</details>`
}

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

const registrationFacts = (reader: Reader, one: One, explanation: ExplanationAnswer): Html => {
  const { t } = reader
  const { polling } = explanation
  const metadata = one.metadata === null ? t({ en: 'hidden', zh: '已隐藏' }) : jsonOf(one.metadata)
  return facts(reader, [
    [{ en: 'Serial', zh: '流水号' }, `${one.idcardid}${one.sandbox ? t({ en: ' (test)', zh: '（测试）' }) : ''}`],
    ...('partner' in one ? belonging(reader, one) : []),
    [{ en: 'Status', zh: '状态' }, statusOf(reader, one.status, one.reason)],
    [{ en: 'Verdict', zh: '结果' }, verdict(reader, one)],
    [{ en: 'Metadata', zh: '自定义数据' }, metadata],
    [{ en: 'Registered', zh: '登记时间' }, time(reader, one.createdAt)],
    [{ en: 'Expires', zh: '截止时间' }, time(reader, one.expiresAt)],
    [{ en: 'Ended', zh: '结束时间' }, time(reader, one.resolvedAt)],
    [{ en: 'Polls', zh: '查询次数' }, polling.polls],
    [{ en: 'Last poll', zh: '上次查询' }, time(reader, polling.lastPolledAt)],
    [{ en: 'Next poll', zh: '下次查询' }, time(reader, polling.nextPollAt)],
    [{ en: 'Last answer', zh: '上次查询的响应' }, lastAnswer(reader, explanation)],
  ])
}

const answered = ({ httpStatus, error, errorText }: AttemptAnswer): Html =>
  html`${httpStatus ?? error ?? '–'}${errorText === null ? '' : html`<br><small>${errorText}</small>`}`

export const attemptTable = (reader: Reader, attempts: readonly AttemptAnswer[]): Html =>
  table(reader, ATTEMPTS, {
    items: attempts,
    none: { en: 'Not sent yet.', zh: '尚未投递。' },
    columns: [
      [{ en: 'When', zh: '时间' }, ({ at }) => time(reader, at)],
      [{ en: 'Outcome', zh: '投递结果' }, ({ outcome }) => reader.t(ATTEMPT_WORDS[outcome])],
      [{ en: 'Status or error', zh: '状态码或错误' }, answered],
      [{ en: 'Duration', zh: '用时' }, ({ durationMs }) => `${Math.round(durationMs)} ms`],
      [{ en: 'Response', zh: '响应内容' }, ({ responseExcerpt }) => responseExcerpt ?? '–'],
    ],
  })

const webhookPart = (reader: Reader, one: One, explanation: ExplanationAnswer): Html => {
  const { t } = reader
  const { messageId, state, nextAttemptAt } = one.delivery
  return html`<h2>${t({ en: 'Webhook', zh: '回调' })}</h2>
  ${facts(reader, [
    [{ en: 'Callback URL', zh: '回调地址' }, one.callbackUrl ?? ('host' in one ? one.host : '–')],
    ['webhook-id', messageId ?? '–'],
    [{ en: 'Delivery', zh: '投递' }, messageId === null ? '–' : t(DELIVERY_WORDS[state])],
    [{ en: 'Next attempt', zh: '下次投递' }, time(reader, nextAttemptAt)],
    [{ en: 'Held since', zh: '暂停开始于' }, time(reader, explanation.delivery.heldSince)],
  ])}`
}

const actForms = (visit: Visit, { status, delivery, metadata }: One): Html => {
  if (status === 'cancelled') return ''
  const path = pagePath(visit)
  const reveal = actForm(visit, {
    to: `${path}/reveal`,
    name: { en: 'Show message, scores and metadata', zh: '显示结果说明、分数和自定义数据' },
    call: FOUND_REGISTRATION_CALLS['POST /v1/admin/registrations/:id/reveal'],
    isReasonRequired: true,
  })
  const again = (act: 'poll' | 'resend', name: Words) =>
    actForm(visit, {
      to: `${path}/${act}`,
      name,
      call: FOUND_REGISTRATION_CALLS[`POST /v1/admin/registrations/:id/${act}`],
    })
  const cancel = actForm(visit, {
    to: `${path}/cancel`,
    name: { en: 'Cancel the registration', zh: '取消该登记' },
    call: FOUND_REGISTRATION_CALLS['DELETE /v1/admin/registrations/:id'],
    warning: {
      en: 'It is no longer polled and sends no webhook. Its metadata, its verdict with the scores and the text of its webhook are erased; the verdict only with the last registration of the serial. The serial and the URL stay until RETENTION ends, and backups keep everything. This cannot be undone.',
      zh: '取消后不再查询，也不再投递回调，并删除自定义数据、结果与分数、回调内容；同一流水号有多个登记时，全部取消后才删除结果。流水号和回调地址保留至 RETENTION 到期，已有备份不受影响。取消后无法恢复。',
    },
  })
  return html`${metadata === null ? reveal : ''}
    ${status === 'pending' ? again('poll', { en: 'Poll now', zh: '立即查询' }) : ''}
    ${delivery.messageId === null ? '' : again('resend', { en: 'Resend', zh: '重发回调' })}${cancel}`
}

/** The API call behind the page, and its response. */
const callPart = (visit: Visit, one: One): Html => {
  const { session, baseUrl } = visit
  const token = session.kind === 'operator' ? '$ADMIN_TOKEN' : '$API_KEY'
  return html`<h2>curl</h2>
  ${copied(visit, `curl -s "${baseUrl}${registrationPath(visit)}" -H "authorization: Bearer ${token}"`, 'curl')}
  <details><summary>JSON</summary>${copied(visit, jsonOf(one, 2), 'json')}</details>`
}

/** @param readOne reads the registration as far as the caller may see it */
const onePage = async (
  visit: Visit,
  readOne = () => visit.call<One>('GET', registrationPath(visit)),
): Promise<ConsolePage> => {
  const { id, call } = visit
  const [one, explanation, { data: attempts }] = await Promise.all([
    readOne(),
    call<ExplanationAnswer>('GET', `${registrationPath(visit)}/explain`),
    call<{ data: AttemptAnswer[] }>('GET', `${registrationPath(visit)}/attempts`),
  ])
  return {
    title: visit.t({ en: `Registration ${id}`, zh: `登记 ${id}` }),
    body: html`<p>${explanation.sentence}</p>
    ${registrationFacts(visit, one, explanation)}
    ${webhookPart(visit, one, explanation)}
    <h2>${visit.t(ATTEMPTS)}</h2>${attemptTable(visit, attempts)}
    ${actForms(visit, one)}
    ${callPart(visit, one)}`,
  }
}

/** `/console/registrations/:id`: one registration, and the actions on it. */
export const addOneRegistration = ({ page, act }: Console): void => {
  page(PATH, visit => onePage(visit))
  act(`${PATH}/reveal`, async visit => {
    const body = await visit.form()
    return onePage(visit, () => visit.call<Detail>('POST', `${registrationPath(visit)}/reveal`, { body }))
  })
  for (const name of ['poll', 'resend'])
    act(`${PATH}/${name}`, async visit => {
      await visit.call('POST', `${registrationPath(visit)}/${name}`, { body: await visit.form() })
      return pagePath(visit)
    })
  act(`${PATH}/cancel`, async visit => {
    // A partner gives no reason.
    const query = visit.session.kind === 'operator' ? await visit.form() : {}
    await visit.call('DELETE', registrationPath(visit), { query })
    return pagePath(visit)
  })
}
