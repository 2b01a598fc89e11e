import type { PauseReason } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'
import type { Reason } from '../../core/verification.ts'

export type Language = 'en' | 'zh'

/**
 * Every piece that a sentence of `explain` is made of; a name in braces is filled in. The clauses of one explanation
 * follow each other, so each is a whole sentence.
 */
export interface ExplainTexts {
  join: string
  in: { s: string; min: string; h: string; d: string }
  ended: { succeeded: string; failed: string; cancelled: string } & Record<`unresolved_${Reason}`, string>
  answer: Record<Answer['kind'] | 'none' | 'transient_code', string>
  next: { at: string; now: string; none: string }
  paused: { byCode: string; byOperator: string }
  pauseReason: Record<Exclude<PauseReason, 'operator'>, string>
  webhook: {
    delivered: string
    first: string
    firstNow: string
    retry: string
    retryNow: string
    held: string
    gone: string
    exhausted: string
  }
  attempt: { none: string; http: string; error: string }
}

const en: ExplainTexts = {
  join: ' ',
  in: { s: 'in {n} s', min: 'in {n} min', h: 'in {n} h', d: 'in {n} d' },
  ended: {
    succeeded: 'The verification succeeded; this was seen at {at}.',
    failed: 'The verification failed; this was seen at {at}.',
    cancelled: 'The registration was cancelled, so nothing more is asked and no webhook is sent.',
    unresolved_expired: 'There was no verdict before the deadline, so the registration ended at {at}.',
    unresolved_not_found:
      'The upstream never knew this serial, so the registration ended at {at}; check that it is the serial that Submit returned.',
    unresolved_gone: 'The upstream knew this serial and then no longer did, so the registration ended at {at}.',
    unresolved_invalid_id:
      'The upstream refused this serial as malformed (code 4060), so the registration ended at {at}; check that it is the serial that Submit returned.',
    unresolved_unknown_status:
      'The upstream kept answering a status that is not documented, so the registration ended at its deadline, {at}.',
  },
  answer: {
    none: 'The upstream has not answered about this serial yet.',
    verdict: 'At {at} the upstream gave its verdict, which is being recorded.',
    waiting: 'At {at} the upstream said that the user has not finished yet (status {status}).',
    unknown_status:
      'At {at} the upstream gave a status that is not documented (“{status}”), so there is no verdict yet.',
    not_found: 'At {at} the upstream did not know this serial (code 4061); a new one may take a while to be visible.',
    invalid_id: 'At {at} the upstream called this serial malformed (code 4060); this is being confirmed.',
    transient:
      'The call at {at} brought no usable answer: the upstream could not be reached, or said nothing readable.',
    transient_code: 'The call at {at} failed at the upstream (code {code}), which says nothing about the user.',
    throttled: 'At {at} the upstream asked us to slow down.',
    account: 'At {at} the upstream refused the account (code {code}), which says nothing about the user.',
    clock: 'At {at} the upstream refused the time in our request (code {code}), which says nothing about the user.',
  },
  next: {
    at: 'It is asked again at {at} ({in}).',
    now: 'It is about to be asked.',
    none: 'No further question is planned.',
  },
  paused: {
    byCode:
      'The upstream account is paused since {at}: {reason} (code {code}). The account is tried again by itself, and this serial is asked about as soon as it works.',
    byOperator:
      'The operator paused the upstream account at {at}. This serial is asked about as soon as the operator resumes it.',
  },
  pauseReason: {
    egress_ip: 'the upstream does not accept calls from our IP address',
    credentials_missing: 'the upstream found no APIID or password in our call',
    app_missing: 'the upstream does not know the application',
    credentials_wrong: 'the APIID or the API key is wrong',
    frozen: 'the account is frozen',
    clock: 'our clock and the upstream’s are too far apart',
    password_refused: 'the upstream does not accept the password',
    no_contract: 'the account has no contract for this product',
    password_or_balance: 'the password is wrong or the balance is used up',
    serial_not_received: 'the upstream does not receive the serials that we send',
    unknown_code: 'the upstream answers most calls with a code that is not documented',
  },
  webhook: {
    delivered: 'The webhook was delivered: {attempt}.',
    first: 'The webhook is sent at {at} ({in}).',
    firstNow: 'The webhook is about to be sent.',
    retry: 'The webhook is not delivered yet: {attempt}. The next attempt is at {at} ({in}).',
    retryNow: 'The webhook is not delivered yet: {attempt}. The next attempt is about to be made.',
    held: 'The webhook waits, because the callback URL answered 410 (gone) at {at}. Register the URL again, or POST to /v1/registrations/{id}/resend.',
    gone: 'The webhook is not sent again, because the callback URL answered 410 (gone) at {at}. Register the URL again, or POST to /v1/registrations/{id}/resend.',
    exhausted:
      'The webhook is not sent again by itself: {attempt}. Once the receiver works, POST to /v1/registrations/{id}/resend.',
  },
  attempt: {
    none: 'no attempt is on record',
    http: 'attempt {n} at {at} was answered with HTTP {httpStatus}',
    error: 'attempt {n} at {at} failed ({error})',
  },
}

const zh: ExplainTexts = {
  join: '',
  in: { s: '{n} 秒后', min: '{n} 分钟后', h: '{n} 小时后', d: '{n} 天后' },
  ended: {
    succeeded: '核验已通过，于 {at} 查得。',
    failed: '核验未通过，于 {at} 查得。',
    cancelled: '该登记已取消，不再查询，也不会发送回调。',
    unresolved_expired: '截止前仍无结果，登记已于 {at} 结束。',
    unresolved_not_found: '上游始终查不到该流水号，登记已于 {at} 结束；请确认它是 Submit 返回的流水号。',
    unresolved_gone: '上游曾有该流水号，后来查不到了，登记已于 {at} 结束。',
    unresolved_invalid_id:
      '上游认为该流水号格式错误（代码 4060），登记已于 {at} 结束；请确认它是 Submit 返回的流水号。',
    unresolved_unknown_status: '上游一直返回文档中没有的状态，登记已于截止时间 {at} 结束。',
  },
  answer: {
    none: '上游尚未就该流水号给出答复。',
    verdict: '上游已于 {at} 给出结果，正在记录。',
    waiting: '上游于 {at} 答复：用户尚未完成核验（状态 {status}）。',
    unknown_status: '上游于 {at} 返回了文档中没有的状态（“{status}”），因此还没有结果。',
    not_found: '上游于 {at} 答复查不到该流水号（代码 4061）；新的流水号可能要过一会儿才能查到。',
    invalid_id: '上游于 {at} 答复该流水号格式错误（代码 4060），正在复核。',
    transient: '{at} 的查询没有得到可用的答复：上游无法连接，或返回的内容无法识别。',
    transient_code: '{at} 的查询在上游出错（代码 {code}），与用户的结果无关。',
    throttled: '上游于 {at} 要求降低查询频率。',
    account: '上游于 {at} 拒绝了账户（代码 {code}），与用户的结果无关。',
    clock: '上游于 {at} 不接受请求中的时间（代码 {code}），与用户的结果无关。',
  },
  next: { at: '下次查询时间为 {at}（{in}）。', now: '即将查询。', none: '没有后续查询计划。' },
  paused: {
    byCode: '上游账户自 {at} 起暂停：{reason}（代码 {code}）。系统会自动重试该账户，恢复后立即查询该流水号。',
    byOperator: '运维人员于 {at} 暂停了上游账户，恢复后会立即查询该流水号。',
  },
  pauseReason: {
    egress_ip: '上游不接受来自本服务 IP 地址的请求',
    credentials_missing: '上游在请求中没有找到 APIID 或密码',
    app_missing: '上游没有该应用',
    credentials_wrong: 'APIID 或 API key 不正确',
    frozen: '账户已被冻结',
    clock: '本服务与上游的时钟相差过大',
    password_refused: '上游不接受该密码',
    no_contract: '账户未开通此产品',
    password_or_balance: '密码错误或余额不足',
    serial_not_received: '上游收不到我们发送的流水号',
    unknown_code: '上游对大多数请求返回了文档中没有的代码',
  },
  webhook: {
    delivered: '回调已送达：{attempt}。',
    first: '回调将于 {at} 发送（{in}）。',
    firstNow: '回调即将发送。',
    retry: '回调尚未送达：{attempt}。下次尝试时间为 {at}（{in}）。',
    retryNow: '回调尚未送达：{attempt}。即将再次尝试。',
    held: '回调暂缓发送，因为回调地址于 {at} 返回了 410（已失效）。请重新登记该地址，或 POST /v1/registrations/{id}/resend。',
    gone: '回调不再发送，因为回调地址于 {at} 返回了 410（已失效）。请重新登记该地址，或 POST /v1/registrations/{id}/resend。',
    exhausted: '回调不会再自动发送：{attempt}。接收端恢复后，请 POST /v1/registrations/{id}/resend。',
  },
  attempt: {
    none: '没有尝试记录',
    http: '第 {n} 次尝试（{at}）得到 HTTP {httpStatus}',
    error: '第 {n} 次尝试（{at}）失败（{error}）',
  },
}

export const EXPLAIN_TEXTS: Readonly<Record<Language, ExplainTexts>> = { en, zh }
