import type { Config } from '../../config/settings.ts'
import { type AccountState, accountChange, RUNNING } from '../../core/account.ts'
import { type Answer, checkStateOf } from '../../core/answer.ts'
import { SECOND } from '../../core/duration.ts'
import type { Words } from '../../core/language.ts'
import { showSpan } from '../../core/show-sizes.ts'
import { afterAnswer } from '../../core/verification.ts'
import { programCommand } from '../program.ts'
import type { AskedAccount } from './ask-accounts.ts'
import { type Check, withConfig } from './facts.ts'
import { type Finding, failed, ok, skipped, warning } from './finding.ts'
import { remedyFor } from './live-remedy.ts'
import { judgeAnswer } from './network.ts'

/** Escapes characters that hide text or change its direction, as `\u{…}`. */
const escaped = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, one => `\\u{${one.codePointAt(0)?.toString(16)}}`)

/** The printable part of an answer: of a person's message and scores, only the lengths. */
const viewAnswer = (answer: Answer) => {
  if (answer.kind === 'unknown_status') return { ...answer, status: escaped(answer.status) }
  if (answer.kind !== 'verdict') return answer
  const { status, message, livingScore, similarity } = answer.verdict
  const [messageLength, livingScoreLength, similarityLength] = [message, livingScore, similarity].map(
    text => text?.length ?? 0,
  )
  return { kind: answer.kind, code: answer.code, status, messageLength, livingScoreLength, similarityLength }
}

/** When the service would poll a newly registered serial again, or try its paused account again, by its own rules. */
const afterFirst = (answer: Answer, { upstream, polling }: Config, now: number) => {
  const waiting = [{ id: '', createdAt: now, expiresAt: now + polling.registrationTtlMs }]
  const counts = { failures: 0, failingSince: null, invalidIds: 0, seen: false, goneChecks: 0 }
  const fresh = { ...counts, nudgedAt: now, lastPolledAt: null, rawStatus: null, waiting }
  const others = { othersInvalid: false, mostlyUnknown: false, invalidIds: 0, outageSince: null }
  const account: AccountState = { ...RUNNING, rate: upstream.rate, allowedAt: now, rampAt: null, rampRate: null }
  const { dueAt } = afterAnswer(fresh, answer, { now, askedAt: now, random: 1, policy: polling, othersInvalid: false })
  const change = accountChange(account, answer, { now, random: 1, ...others })
  if (change?.kind === 'pause') return { askAgainInMs: null, accountWaitMs: change.probeAt - now }
  const at = change?.kind === 'throttle' ? change.allowedAt : dueAt
  return { askAgainInMs: at && at - now, accountWaitMs: null }
}

const actOf = (answer: Answer, then: ReturnType<typeof afterFirst>, { polling, upstream }: Config): Words => {
  const spans = (ms: number | null): Words => ({ en: showSpan(ms ?? 0, 'en'), zh: showSpan(ms ?? 0, 'zh') })
  const { en: again, zh: againZh } = spans(then.askAgainInMs)
  switch (answer.kind) {
    case 'verdict':
      return { en: 'the service would send the webhook at once', zh: '服务会立即通知合作方' }
    case 'waiting':
      return {
        en: `there is no verdict yet; the service would poll again in ${again}, and less often with age`,
        zh: `尚无结果；服务会在 ${againZh}后再次查询，之后逐渐降低频率`,
      }
    case 'unknown_status':
      return {
        en: `this status is undocumented; the service would notify the operators, not take it as a verdict, and poll again in ${again}`,
        zh: `该状态不在表中；服务会通知运维人员，不视为结果，并在 ${againZh}后再次查询`,
      }
    case 'not_found': {
      const { notFoundGraceMs, registrationTtlMs, settleMarginMs } = polling
      const deadlineMs = registrationTtlMs + settleMarginMs
      const reason = deadlineMs <= notFoundGraceMs ? 'expired' : 'not_found'
      const { en: end, zh: endZh } = spans(Math.min(deadlineMs, notFoundGraceMs))
      return {
        en: `GetResult does not know this serial, or not yet; the service would poll again in ${again}, and end it as unresolved (${reason}) after ${end}`,
        zh: `GetResult 没有该流水号，或暂时查不到；服务会在 ${againZh}后再次查询，${endZh}后以 unresolved（${reason}）结束`,
      }
    }
    case 'invalid_id':
      return {
        en: `GetResult says that no serial arrived; the service would poll again in ${again} and once more, and then end it as unresolved (invalid_id)`,
        zh: `GetResult 称未收到流水号；服务会在 ${againZh}后再查询，共两次，之后以 unresolved（invalid_id）结束`,
      }
    case 'transient':
      return {
        en: `this says nothing about the serial; the service would poll again within ${again}`,
        zh: `这与流水号无关；服务会在 ${againZh}内再次查询`,
      }
    case 'throttled':
      return {
        en: `the service would halve its rate of ${upstream.rate} a second, and raise it again`,
        zh: `服务会把查询频率（每秒 ${upstream.rate} 次）减半，之后逐渐恢复`,
      }
    case 'account':
    case 'clock': {
      const { en: wait, zh: waitZh } = spans(then.accountWaitMs)
      return {
        en: `the service would pause the account, lose nothing, and try it again in ${wait}`,
        zh: `服务会暂停该账户，不丢失任何登记，并在 ${waitZh}后试探`,
      }
    }
    default:
      return answer satisfies never
  }
}

interface Act {
  words: Words
  /** The account and its key come from the settings. */
  isOfSettings: boolean
}

const judgeAct = (asked: AskedAccount, answer: Answer, { words: { en, zh }, isOfSettings }: Act): Finding => {
  switch (answer.kind) {
    case 'verdict':
    case 'waiting':
      return ok({ en, zh })
    case 'unknown_status':
      return warning({ en, zh }, { en: 'ask the vendor what it means', zh: '请向厂商确认其含义' })
    case 'not_found':
      return warning(
        { en, zh },
        {
          en: 'check that the serial is complete and was submitted with this APIID',
          zh: '请确认流水号完整，且由该 APIID 提交',
        },
      )
    case 'invalid_id':
      return failed(
        { en, zh },
        {
          en: 'check that the serial is complete; try the other IHUYI_METHOD',
          zh: '请确认流水号完整；可试用另一种 IHUYI_METHOD',
        },
      )
    default: {
      const { text, todo, ...finding } = judgeAnswer(asked)
      const told = { en: `${text.en}: ${en}`, zh: `${text.zh}：${zh}` }
      return { ...finding, text: told, todo: remedyFor(answer, isOfSettings) ?? todo }
    }
  }
}

const sameVerdict = (one: Answer, other: Answer): boolean => JSON.stringify(one) === JSON.stringify(other)

const judgeAgain = (first: Answer, again: Answer): Finding => {
  if (sameVerdict(first, again))
    return ok({ en: 'a second call says the same verdict', zh: '第二次查询返回相同的结果' })
  if (checkStateOf(again) === null && again.kind !== 'invalid_id')
    return skipped({
      en: `a second call brought no answer about the serial (${again.kind}, code ${again.code ?? '-'}), so it is unknown whether a verdict can be read twice`,
      zh: `第二次查询未得到关于该流水号的响应（返回码 ${again.code ?? '-'}），无法得知结果能否再次读取`,
    })
  return warning(
    {
      en: `a second call returned something else (${again.kind}, code ${again.code}); the service keeps the first verdict`,
      zh: `第二次查询的响应不同（返回码 ${again.code}）；服务以首次结果为准`,
    },
    {
      en: 'let no other system poll serials that are registered here',
      zh: '已在本服务登记的流水号，请勿再由其他程序查询 GetResult',
    },
  )
}

const showAnswer = (answer: Answer): string =>
  Object.entries(viewAnswer(answer))
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

const showAhead = (aheadMs: number | null): string =>
  aheadMs === null ? '?' : `${aheadMs <= -SECOND / 2 ? '' : '+'}${Math.round(aheadMs / SECOND)} s`

/** Judges a first call about the operator's own serial: the call, the answer and the service's reaction. */
const judgeLive = (asked: AskedAccount, serial: string, config: Config, now: number): Finding[] => {
  const { apiId, outcome, again, passwordMode, durationMs, aheadMs } = asked
  if (typeof outcome === 'string') return [judgeAnswer(asked)]
  const { method } = config.upstream
  const shown = showAnswer(outcome)
  const then = afterFirst(outcome, config, now)
  const words = actOf(outcome, then, config)
  const act = judgeAct(asked, outcome, { words, isOfSettings: apiId === config.upstream.account })
  // GetResult answers about a serial only if it accepts the account.
  const accepted =
    checkStateOf(outcome) === null
      ? { en: '', zh: '' }
      : { en: 'GetResult accepts the key and this address: ', zh: '密钥和本机出口 IP 已被 GetResult 接受：' }
  const call = ok({
    en: `${accepted.en}${apiId} about ${serial}, ${method}, ${passwordMode} password: ${shown}; ${durationMs} ms, clock of GetResult ${showAhead(aheadMs)}`,
    zh: `${accepted.zh}${apiId} 查询 ${serial}，${method}，${passwordMode} 密码：${shown}；用时 ${durationMs} 毫秒，GetResult 时钟偏差 ${showAhead(aheadMs)}`,
  })
  const told = { account: apiId, idcardid: serial, method, passwordMode, durationMs, clockAheadMs: aheadMs }
  const data = { ...told, answer: viewAnswer(outcome), ...then, again: again && viewAnswer(again) }
  const found = [{ ...call, state: act.state, data }, act]
  return again === null ? found : [...found, judgeAgain(outcome, again)]
}

const askUpstream = withConfig(async (config, { asked, live, now, refusal }) => {
  if (refusal) return refusal
  const accounts = await asked()
  if (live !== null && accounts.length === 0)
    return failed(
      { en: 'no account is known, so nothing was polled', zh: '没有已知账户，因此未查询' },
      {
        en: 'set IHUYI_ACCOUNT and IHUYI_API_KEY',
        zh: '请设置 IHUYI_ACCOUNT 和 IHUYI_API_KEY',
      },
    )
  if (accounts.length === 0) return skipped({ en: 'no account is known', zh: '没有已知账户' })
  return accounts.flatMap(one => (live === null ? judgeAnswer(one) : judgeLive(one, live, config, now)))
})

export const checkUpstream: Check = facts =>
  facts.live !== null && facts.config === null
    ? failed(
        { en: 'nothing was polled: the settings must be corrected first', zh: '未查询：请先改正配置' },
        {
          en: 'correct what the check "settings" names',
          zh: '请改正检查项 settings 指出的配置',
          command: `${programCommand()} doctor --only settings`,
        },
      )
    : askUpstream(facts)
