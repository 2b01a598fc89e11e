import { html } from 'hono/html'
import type { z } from 'zod'
import type { ActName } from '../../core/act.ts'
import type { Words } from '../../core/language.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { REGISTRATION_DETAIL } from '../admin/registration-view.ts'
import type { ExplanationAnswer } from '../partner/explain.ts'
import type { AttemptAnswer, RegistrationAnswer } from '../partner/registration-schemas.ts'
import { type Html, PAGE_NAMES, type Reader, time } from './page.ts'
import { type Act, OUTCOMES, statusOf } from './words.ts'

/** A registration as its partner gets it, or as operators get it. */
export type OneRegistration = RegistrationAnswer | z.output<typeof REGISTRATION_DETAIL>

/** A moment in the history of a registration; `next`: it is still to come. */
export interface Moment {
  at: string
  is: 'plain' | 'went-well' | 'warned' | 'went-wrong' | 'next'
  what: Html
}
/** A line of time: what was, the oldest first, and then what comes next. */
const timeline = (reader: Reader, moments: readonly Moment[]): Html => {
  const sorted = moments.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
  const [next = [], been = []] = [true, false].map(isNext => sorted.filter(({ is }) => (is === 'next') === isNext))
  return html`<ol class="moments">${[...been, ...next].map(
    ({ at, is, what }) => html`<li class="${is}">${time(reader, at)}<div>${what}</div></li>`,
  )}</ol>`
}

const ATTEMPT: Words = { en: 'Attempt', zh: '投递' }
const ATTEMPT_WORDS: Readonly<Record<AttemptAnswer['outcome'], Words>> = {
  delivered: { en: 'delivered', zh: '已送达' },
  rejected: { en: 'answered', zh: '返回' },
  gone: { en: 'gone', zh: '地址已废弃' },
  failed: { en: 'no response', zh: '无响应' },
}
const ORIGIN_WORDS: Readonly<Record<NonNullable<AttemptAnswer['origin']>, Words | null>> = {
  first: null,
  retry: { en: 'scheduled retry', zh: '按计划重试' },
  resend: { en: 'resend', zh: '重发' },
}
/** @param n its number among the attempts of the webhook; left out: it is a test */
const attemptMoment = ({ t }: Reader, attempt: AttemptAnswer, n?: number): Moment => {
  const { at, outcome, httpStatus, error, errorText, durationMs, responseExcerpt, origin } = attempt
  const name = n === undefined ? ATTEMPT : { en: `Attempt ${n}`, zh: `第 ${n} 次投递` }
  const why = origin && ORIGIN_WORDS[origin]
  const ended = [t(ATTEMPT_WORDS[outcome]), httpStatus ? `HTTP ${httpStatus}` : (error ?? '–')]
  const parts = [
    ...(why ? [t(why)] : []),
    ...(outcome === 'rejected' ? [ended.join(' ')] : ended),
    `${Math.round(durationMs)}\u00a0ms`,
  ]
  const todo = errorText === null ? '' : html`<br><small>${errorText}</small>`
  const answer =
    responseExcerpt === null
      ? ''
      : html`<details><summary>${t({ en: 'Response', zh: '响应内容' })} <samp>${responseExcerpt}</samp></summary></details>`
  const is = outcome === 'delivered' ? 'went-well' : 'went-wrong'
  return { at, is, what: html`<strong>${t(name)}</strong> · ${parts.join(' · ')}${todo}${answer}` }
}

/** What became of a test, with a link to the page that it was sent from. */
export const testPage = (reader: Reader, attempt: AttemptAnswer, from: 'deliveries' | 'contact', of: Html = '') => ({
  title: reader.t(
    attempt.outcome === 'delivered'
      ? { en: 'The test arrived', zh: '测试已送达' }
      : { en: 'The test did not arrive', zh: '测试未送达' },
  ),
  body: html`${of}${timeline(reader, [attemptMoment(reader, attempt)])}
    <p><a href="${reader.to(from)}">${reader.t(PAGE_NAMES[from])}</a></p>`,
})

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
/** The polls of the serial. Only the last one's answer is kept. */
const pollMoments = ({ t }: Reader, { polling }: ExplanationAnswer): readonly Moment[] => {
  const { polls, lastPolledAt: at, lastAnswer: kind, code, status } = polling
  if (at === null) return []
  const name = { en: polls === 1 ? 'Polled once' : `Polled ${polls} times`, zh: `已查询 ${polls} 次` }
  const answer =
    kind === null
      ? []
      : [t(ANSWER_WORDS[kind]), code === null ? null : t({ en: `code ${code}`, zh: `返回码 ${code}` }), status].filter(
          part => part !== null,
        )
  const last = answer.length === 0 ? '' : t({ en: ' · last answer: ', zh: ' · 最近一次的响应：' })
  const is = kind === 'verdict' || kind === 'waiting' ? 'plain' : 'warned'
  return [{ at, is, what: html`<strong>${t(name)}</strong>${last}${answer.join(' · ')}` }]
}

const HOW_ENDED: Readonly<Record<RegistrationStatus, Moment['is']>> = {
  pending: 'plain',
  succeeded: 'went-well',
  failed: 'went-wrong',
  unresolved: 'warned',
  cancelled: 'plain',
}
const ERASED: Words = { en: 'ended; how was erased', zh: '已结束，结果已删除' }
/** For partners, message and scores are folded: other people may see the screen. */
const endMoments = (reader: Reader, one: OneRegistration): readonly Moment[] => {
  const { t, session } = reader
  const { status, reason, result, resolvedAt: at, delivery } = one
  if (at === null) return []
  // If it has a message, it had ended before it was cancelled.
  const isErased = status === 'cancelled' && delivery.messageId !== null
  const name = isErased ? t(ERASED) : statusOf(reader, status, reason)
  const told = [
    result?.message && html`<bdi>${result.message}</bdi>`,
    result?.similarity && `${t({ en: 'similarity', zh: '相似度' })} ${result.similarity}`,
    result?.livingScore && `${t({ en: 'living score', zh: '活体分' })} ${result.livingScore}`,
  ]
    .filter(Boolean)
    .map((part, at) => html`${at === 0 ? '' : ' · '}${part}`)
  const shown =
    session?.kind === 'operator'
      ? html` · ${told}`
      : html`<details><summary>${t({ en: 'Show', zh: '查看详情' })}</summary>${told}</details>`
  return [{ at, is: HOW_ENDED[status], what: html`<strong>${name}</strong>${told.length === 0 ? '' : shown}` }]
}

const ACT_WORDS: Readonly<Partial<Record<ActName, Words>>> = {
  'registration.poll': { en: 'Poll requested', zh: '要求立即查询' },
  'registration.resend': { en: 'Resend requested', zh: '要求重发回调' },
  'registration.cancel': { en: 'Cancellation', zh: '取消登记' },
  'registration.erase': { en: 'Data erased', zh: '删除数据' },
  'registration.reveal': { en: 'Personal data shown', zh: '查看个人数据' },
}
const actMoment = ({ t }: Reader, { at, act, name, who, reason, outcome }: Act): Moment => {
  const words = ACT_WORDS[act as ActName]
  const why = reason === null ? '' : html` · <bdi>${reason}</bdi>`
  const failed = outcome === 'done' ? '' : ` · ${t(OUTCOMES[outcome])}`
  const is = outcome === 'done' ? 'plain' : 'warned'
  return { at, is, what: html`<strong>${words ? t(words) : act}</strong>${failed} · <bdi>${name || who}</bdi>${why}` }
}

export const DEADLINE: Words = { en: 'Deadline for a verdict', zh: '等待结果的截止时间' }
const HELD: Readonly<Record<NonNullable<ExplanationAnswer['delivery']['heldBecause']>, Words>> = {
  gone: { en: 'held: the URL answered 410', zh: '暂停投递：该地址响应了 410' },
  disabled: { en: 'held: every attempt at the URL has failed for five days', zh: '暂停投递：该地址连续五天投递失败' },
  operator: { en: 'held: an operator has disabled the URL', zh: '暂停投递：运维人员已停用该地址' },
}
const ALL_HELD: Words = { en: 'held: an operator holds all webhooks', zh: '暂停投递：运维人员已暂停所有回调' }
const UNDER_WAY: Words = { en: 'an attempt is under way', zh: '正在投递' }
const NEXT_ATTEMPT: Words = { en: 'Next attempt', zh: '下次投递' }

/** What keeps it waiting, and what comes next. */
const nextMoments = ({ t }: Reader, { polling, delivery }: ExplanationAnswer): readonly Moment[] => {
  const { heldSince, heldBecause, allHeldSince, underWay, nextAttemptAt } = delivery
  const moments = [
    [heldSince, 'warned', HELD[heldBecause ?? 'gone']],
    [allHeldSince, 'warned', ALL_HELD],
    [polling.nextPollAt, 'next', { en: 'Next poll', zh: '下次查询' }],
    [nextAttemptAt, 'next', underWay ? UNDER_WAY : NEXT_ATTEMPT],
    [polling.until, 'next', DEADLINE],
  ] as const
  return moments.flatMap(([at, is, words]) =>
    at === null ? [] : [{ at, is, what: html`<strong>${t(words)}</strong>` }],
  )
}

/** What a registration's line of time is made of. */
interface Told {
  one: OneRegistration
  explanation: ExplanationAnswer
  attempts: readonly AttemptAnswer[]
  /** Newest first; none for those who may not read them. */
  acts: readonly Act[]
}
export const registrationTimeline = (reader: Reader, { one, explanation, attempts, acts }: Told): Html => {
  // Only the newest attempts are kept.
  const before = Math.max(0, one.delivery.attempts - attempts.length)
  return timeline(reader, [
    { at: one.createdAt, is: 'plain', what: html`<strong>${reader.t({ en: 'Registered', zh: '已登记' })}</strong>` },
    ...pollMoments(reader, explanation),
    ...endMoments(reader, one),
    ...acts.toReversed().map(act => actMoment(reader, act)),
    ...attempts.map((attempt, i) => attemptMoment(reader, attempt, before + i + 1)),
    ...nextMoments(reader, explanation),
  ])
}
