import type { Language } from '../../core/language.ts'
import { publicErrorOf } from '../../core/message.ts'
import { describeFault } from '../../core/operator-texts/describe.ts'
import { causeOf } from '../../core/operator-texts/overview.ts'
import { roundedRate, showSpan } from '../../core/show-sizes.ts'
import { SHOW_TIME, type ShowTime } from '../../core/show-time.ts'
import type { Attempt } from '../../store/messages/message.ts'
import type { Explanation } from '../../store/registrations/explanations.ts'
import { EXPLAIN_TEXTS, type ExplainTexts } from './explain-texts.ts'

export interface Reader {
  language: Language
  /** Epoch ms. */
  now: number
  /** How long after its `expiresAt` a registration is polled. */
  settleMarginMs: number
  /** How times are written; by the language unless given. */
  showAt?: ShowTime
}

/** Input of every clause: the texts of the reader's language, and the time (epoch ms). */
interface Scope extends Required<Reader> {
  texts: ExplainTexts
}

type Values = Readonly<Record<string, string | number>>

/** Explains in words why the webhook is not sent yet, or how its delivery went. */
export const explainSentence = (
  explanation: Explanation,
  { language, now, settleMarginMs, showAt = SHOW_TIME[language] }: Reader,
): string => {
  const scope = { texts: EXPLAIN_TEXTS[language], language, now, settleMarginMs, showAt }
  const clausesOf = explanation.registration.status === 'pending' ? clausesWhilePending : clausesAfterEnd
  return clausesOf(explanation, scope).join(scope.texts.join)
}

/** Replaces all names in one pass, so that braces in a value are never taken for a name. */
const fill = (text: string, values: Values): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))

/** `in 5 min` */
const showDelay = (ms: number, { texts, language }: Scope): string => fill(texts.in, { span: showSpan(ms, language) })

/** A future time, and the delay until then. */
const timeAhead = (at: number, scope: Scope): Values => ({ at: scope.showAt(at), in: showDelay(at - scope.now, scope) })

const clausesWhilePending = (explanation: Explanation, scope: Scope): string[] => [
  answerClause(explanation, scope),
  explanation.isPartnerDisabled
    ? scope.texts.disabled
    : (heldClause(explanation.account, scope) ?? nextPollClause(explanation, scope)),
  ...lateClause(explanation, scope),
]

/** When it is given up without a verdict, at the earliest. That of a test serial has no margin. */
export const givenUpAt = (
  { registration: { expiresAt, isTest } }: Explanation,
  { settleMarginMs }: Pick<Reader, 'settleMarginMs'>,
): number => expiresAt + (isTest ? 0 : settleMarginMs)

const lateClause = (explanation: Explanation, scope: Scope): string[] => {
  const { expiresAt } = explanation.registration
  if (expiresAt > scope.now) return []
  return [fill(scope.texts.late, { at: scope.showAt(expiresAt), until: scope.showAt(givenUpAt(explanation, scope)) })]
}

const answerClause = (explanation: Explanation, { texts, showAt }: Scope): string => {
  const { lastAnswer, lastCode, rawStatus, registration } = explanation
  if (lastAnswer === null || registration.lastPolledAt === null) return texts.answer.none
  const kind = lastAnswer === 'transient' && lastCode !== null ? 'transient_code' : lastAnswer
  return fill(texts.answer[kind], {
    at: showAt(registration.lastPolledAt),
    status: rawStatus ?? '?',
    code: lastCode ?? '?',
  })
}

const nextPollClause = ({ registration: { nextPollAt }, queue }: Explanation, scope: Scope): string => {
  if (queue && queue.before > 0) return queueClause(queue, scope)
  if (nextPollAt === null) return scope.texts.next.none
  return nextPollAt <= scope.now ? scope.texts.next.now : fill(scope.texts.next.at, timeAhead(nextPollAt, scope))
}

const queueClause = ({ before, isAtLeast, rate, at }: NonNullable<Explanation['queue']>, scope: Scope): string =>
  fill(isAtLeast ? scope.texts.next.queuedFar : scope.texts.next.queued, {
    before,
    rate: roundedRate(rate),
    in: showDelay(at - scope.now, scope),
  })

/** Returns the clause on a paused or unreachable account; null if neither. */
const heldClause = (account: Explanation['account'], scope: Scope): string | null => {
  if (account.pausedAt !== null) return pauseClause(account, scope)
  if (account.unreachableAt === null) return null
  const values = { at: scope.showAt(account.unreachableAt), error: account.unreachableError ?? '?' }
  return fill(scope.texts.unreachable, values)
}

const pauseClause = (
  { pausedAt, pauseReason, pauseCode }: Explanation['account'],
  { texts, language, showAt }: Scope,
): string => {
  const at = showAt(pausedAt ?? 0)
  if (pauseReason === 'operator') return fill(texts.paused.byOperator, { at })
  const reason = describeFault(pauseReason ?? 'unknown_code', language).sentence
  return fill(texts.paused.byCode, { at, reason, code: pauseCode ?? '?' })
}

const clausesAfterEnd = (explanation: Explanation, scope: Scope): string[] => {
  const { status, reason, resolvedAt, createdAt } = explanation.registration
  const { ended } = scope.texts
  if (status === 'cancelled') return [erasedClause(explanation, scope) ?? ended.cancelled]
  const text =
    status === 'succeeded' || status === 'failed' ? ended[status] : ended[`unresolved_${reason ?? 'expired'}`]
  return [fill(text, { at: scope.showAt(resolvedAt ?? createdAt) }), webhookClause(explanation, scope)]
}

/** Returns the clause on a registration that was erased after its end; null if it was cancelled before. */
const erasedClause = (explanation: Explanation, scope: Scope): string | null => {
  const { messageId, state } = explanation.registration.delivery
  if (messageId === null) return null
  const text = scope.texts.erased[state === 'delivered' ? 'delivered' : 'stopped']
  return fill(text, { attempt: attemptClause(explanation, scope) })
}

const webhookClause = (explanation: Explanation, scope: Scope): string => {
  const { registration, heldSince, heldBecause, unsignable, sending, allHeldSince, lastAttempt } = explanation
  const { state, attempts, nextAttemptAt } = registration.delivery
  const { webhook } = scope.texts
  const attempt = attemptClause(explanation, scope)
  const { id } = registration
  if (state === 'delivered') return fill(webhook.delivered, { attempt })
  if (state === 'exhausted') {
    if (lastAttempt?.outcome === 'gone') return fill(webhook.gone, { at: scope.showAt(lastAttempt.at), id })
    return lastAttempt === null ? webhook.unreadable : fill(webhook.exhausted, { attempt, id })
  }
  if (sending === 'under_way')
    return fill(webhook.underWay, { n: attempts + 1, at: scope.showAt(nextAttemptAt ?? scope.now) })
  if (explanation.isPartnerDisabled) return scope.texts.disabled
  if (heldSince !== null)
    return fill(webhook[heldBecause === 'gone' ? 'held' : (heldBecause ?? 'held')], { at: scope.showAt(heldSince), id })
  if (unsignable) return webhook.unsignable
  if (allHeldSince !== null) return fill(webhook.allHeld, { at: scope.showAt(allHeldSince) })
  const isFirst = attempts === 0
  // Without a due time it is one of very many held messages that are being made due.
  if (nextAttemptAt === null || nextAttemptAt <= scope.now)
    return isFirst ? webhook.firstNow : fill(webhook.retryNow, { attempt })
  if (sending === 'not_sent') return fill(webhook.notSent, timeAhead(nextAttemptAt, scope))
  return fill(isFirst ? webhook.first : webhook.retry, { attempt, ...timeAhead(nextAttemptAt, scope) })
}

const attemptClause = ({ lastAttempt, registration }: Explanation, { texts, language, showAt }: Scope): string => {
  const { attempt } = texts
  if (!lastAttempt) return attempt.none
  const { httpStatus, error } = lastAttempt
  const values = { n: registration.delivery.attempts, at: showAt(lastAttempt.at) }
  const text = attemptText(lastAttempt, language)
  const [hint, words] = language === 'zh' ? [`（${text}）`, `：${text}`] : [` (${text})`, `: ${text}`]
  if (httpStatus !== null) return fill(attempt.http, { ...values, httpStatus }) + (text === null ? '' : hint)
  // With its code, by which an operator finds it in the log.
  return fill(attempt.error, { ...values, error: (error ?? '?') + (text === null ? '' : words) })
}

/** Returns the meaning of an error such as `tls` or `http_401`, and the remedy; null if it has no text. */
export const errorText = (error: string, language: Language): string | null => {
  const { attempt, attemptError } = EXPLAIN_TEXTS[language]
  if (error === 'http_401') return attempt.unauthorized
  const shown = new Map<string, string>(Object.entries(attemptError)).get(publicErrorOf(error)) ?? null
  return causeOf(error)?.[language] ?? shown
}

/** Returns the receiver's fault as far as the attempt shows it, and the remedy; null if it shows none. */
export const attemptText = ({ error, httpStatus, responseExcerpt }: Attempt, language: Language): string | null => {
  const { attempt } = EXPLAIN_TEXTS[language]
  if (error !== null) return errorText(error, language)
  if (httpStatus === 401) return attempt.unauthorized
  if (httpStatus === null || httpStatus < 300 || httpStatus > 399) return null
  return attempt.redirect + (/^Location: (.*)/.exec(responseExcerpt ?? '')?.[1] ?? '-')
}
