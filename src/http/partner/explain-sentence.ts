import { DAY, HOUR, MINUTE, SECOND } from '../../core/duration.ts'
import type { Explanation } from '../../store/store.ts'
import { EXPLAIN_TEXTS, type ExplainTexts, type Language } from './explain-texts.ts'

export interface Reader {
  language: Language
  /** Epoch ms. */
  now: number
}

type Values = Readonly<Record<string, string | number>>

/** Why there is no webhook yet, or what became of it, as a helpful person would say it. */
export const explainSentence = (explanation: Explanation, { language, now }: Reader): string => {
  const say = { texts: EXPLAIN_TEXTS[language], now }
  const clauses = explanation.registration.status === 'pending' ? pollClauses : endClauses
  return clauses(explanation, say).join(say.texts.join)
}

interface Say {
  texts: ExplainTexts
  now: number
}

/** In one pass, so that what is filled in is never taken for a text. */
const fill = (text: string, values: Values): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))

/** `2026-11-24 16:20:05 UTC` */
const tell = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

const tellIn = (ms: number, { texts }: Say): string => {
  const [unit, size] =
    (
      [
        ['d', DAY],
        ['h', HOUR],
        ['min', MINUTE],
      ] as const
    ).find(([, size]) => ms >= 2 * size) ?? (['s', SECOND] as const)
  return fill(texts.in[unit], { n: Math.ceil(ms / size) })
}

/** When, and how far ahead that is. */
const ahead = (at: number, say: Say): Values => ({ at: tell(at), in: tellIn(at - say.now, say) })

const pollClauses = (explanation: Explanation, say: Say): string[] => [
  answerClause(explanation, say),
  explanation.account.pausedAt === null ? nextPollClause(explanation, say) : pauseClause(explanation.account, say),
]

const answerClause = (explanation: Explanation, { texts }: Say): string => {
  const { lastAnswer, lastCode, rawStatus, registration } = explanation
  if (lastAnswer === null || registration.lastPolledAt === null) return texts.answer.none
  const kind = lastAnswer === 'transient' && lastCode !== null ? 'transient_code' : lastAnswer
  return fill(texts.answer[kind], {
    at: tell(registration.lastPolledAt),
    status: rawStatus ?? '?',
    code: lastCode ?? '?',
  })
}

const nextPollClause = ({ registration: { nextPollAt } }: Explanation, say: Say): string => {
  if (nextPollAt === null) return say.texts.next.none
  return nextPollAt <= say.now ? say.texts.next.now : fill(say.texts.next.at, ahead(nextPollAt, say))
}

const pauseClause = ({ pausedAt, pauseReason, pauseCode }: Explanation['account'], { texts }: Say): string => {
  const at = tell(pausedAt ?? 0)
  if (pauseReason === 'operator') return fill(texts.paused.byOperator, { at })
  return fill(texts.paused.byCode, {
    at,
    reason: texts.pauseReason[pauseReason ?? 'unknown_code'],
    code: pauseCode ?? '?',
  })
}

const endClauses = (explanation: Explanation, say: Say): string[] => {
  const { status, reason, resolvedAt, createdAt } = explanation.registration
  const { ended } = say.texts
  if (status === 'cancelled') return [ended.cancelled]
  const text =
    status === 'succeeded' || status === 'failed' ? ended[status] : ended[`unresolved_${reason ?? 'expired'}`]
  return [fill(text, { at: tell(resolvedAt ?? createdAt) }), webhookClause(explanation, say)]
}

const webhookClause = (explanation: Explanation, say: Say): string => {
  const { registration, heldSince, lastAttempt } = explanation
  const { state, attempts, nextAttemptAt } = registration.delivery
  const { webhook } = say.texts
  const attempt = tellAttempt(explanation, say)
  const { id } = registration
  if (state === 'delivered') return fill(webhook.delivered, { attempt })
  if (state === 'exhausted') {
    if (lastAttempt?.outcome === 'gone') return fill(webhook.gone, { at: tell(lastAttempt.at), id })
    return fill(webhook.exhausted, { attempt, id })
  }
  if (heldSince !== null) return fill(webhook.held, { at: tell(heldSince), id })
  const isFirst = attempts === 0
  if (nextAttemptAt === null || nextAttemptAt <= say.now)
    return isFirst ? webhook.firstNow : fill(webhook.retryNow, { attempt })
  return fill(isFirst ? webhook.first : webhook.retry, { attempt, ...ahead(nextAttemptAt, say) })
}

const tellAttempt = ({ lastAttempt, registration }: Explanation, { texts }: Say): string => {
  if (!lastAttempt) return texts.attempt.none
  const { httpStatus, error } = lastAttempt
  const values = { n: registration.delivery.attempts, at: tell(lastAttempt.at) }
  return httpStatus === null
    ? fill(texts.attempt.error, { ...values, error: error ?? '?' })
    : fill(texts.attempt.http, { ...values, httpStatus })
}
