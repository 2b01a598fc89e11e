import type { Answer } from '../../core/answer.ts'
import type { Language } from '../../core/language.ts'
import type { AttemptError } from '../../core/message.ts'
import type { Reason } from '../../core/verification.ts'

/** Whole sentences where possible. A name in braces is replaced by its value. */
const en = {
  join: ' ',
  in: 'in {span}',
  ended: {
    succeeded: 'The verification succeeded, as the upstream reported at {at}.',
    failed: 'The verification failed, as the upstream reported at {at}.',
    cancelled: 'The registration was cancelled, so the serial is no longer polled and no webhook is sent.',
    unresolved_expired: 'There was no verdict before the deadline, so the registration ended at {at}.',
    unresolved_not_found:
      'The upstream never knew this serial, so the registration ended at {at}. Check that it is the serial that Submit returned.',
    unresolved_gone: 'The upstream knew this serial at first and later did not, so the registration ended at {at}.',
    unresolved_invalid_id:
      'The upstream rejected this serial as malformed (code 4060), so the registration ended at {at}. Check that it is the serial that Submit returned.',
    unresolved_unknown_status:
      'The upstream kept answering with an undocumented status, so the registration ended at its deadline, {at}.',
  } satisfies Record<'succeeded' | 'failed' | 'cancelled' | `unresolved_${Reason}`, string>,
  erased: {
    delivered: 'The registration was erased after its end. Its webhook had been delivered before: {attempt}.',
    stopped: 'The registration was erased after its end, so its webhook is no longer sent: {attempt}.',
  },
  answer: {
    none: 'The upstream has not answered about this serial yet.',
    verdict: 'At {at} the upstream returned the verdict, which is being saved.',
    waiting: 'At {at} the upstream answered that the user has not finished yet (status {status}).',
    unknown_status:
      'At {at} the upstream answered with an undocumented status (“{status}”), so there is no verdict yet.',
    not_found: 'At {at} the upstream did not know this serial (code 4061). It may take a while to learn of a new one.',
    invalid_id:
      'At {at} the upstream rejected this serial as malformed (code 4060). It is polled again to confirm this.',
    transient: 'The call at {at} failed: the upstream could not be reached, or its answer could not be read.',
    transient_code: 'The call at {at} failed in the upstream (code {code}). This says nothing about the user.',
    throttled: 'At {at} the upstream asked for fewer calls.',
    account: 'At {at} the upstream rejected the account (code {code}). This says nothing about the user.',
    clock: 'At {at} the upstream rejected the time in our call (code {code}). This says nothing about the user.',
  } satisfies Record<Answer['kind'] | 'none' | 'transient_code', string>,
  next: {
    at: 'The next call is at {at} ({in}).',
    now: 'The next call is due now.',
    queued:
      'The next call is due and queued. Your calls before it: {before}, at {rate} a second, so it is expected roughly {in}.',
    queuedFar:
      'The next call is due and queued. Your calls before it: at least {before}, at {rate} a second at most, so it is expected roughly {in} at the earliest.',
    none: 'No further call is planned.',
  },
  late: 'Its expiresAt was {at}: without a verdict it ends with the first answer after {until}.',
  disabled: 'The partner is disabled: nothing is polled or sent until it is enabled.',
  unreachable:
    'The upstream has given no usable answer since {at} ({error}). It is tried from time to time, and calls about this serial resume as soon as it answers.',
  paused: {
    byCode:
      'The upstream account has been paused since {at}: {reason} (code {code}). The account is tried from time to time, and calls about this serial resume as soon as it works.',
    byOperator:
      'The operator paused the upstream account at {at}. Calls about this serial resume when the operator resumes the account.',
  },
  webhook: {
    delivered: 'The webhook was delivered: {attempt}.',
    first: 'The webhook will be sent at {at} ({in}).',
    firstNow: 'The webhook is due now.',
    retry: 'The webhook has not been delivered yet: {attempt}. The next attempt is at {at} ({in}).',
    retryNow: 'The webhook has not been delivered yet: {attempt}. The next attempt is due now.',
    underWay: 'Attempt {n} to deliver the webhook began at {at} and is under way.',
    disabled:
      'The webhook has been on hold since {at}, because every attempt at the callback URL has failed for five days. When it works again, POST it to /v1/callbacks/test, register it again, or resend it (POST /v1/registrations/{id}/resend, or Resend in the console).',
    operator: 'The webhook is on hold, because the operator has disabled its callback URL since {at}.',
    held: 'The webhook is on hold, because the callback URL answered 410 (gone) at {at}. When it works again, POST it to /v1/callbacks/test, register it again, or resend it (POST /v1/registrations/{id}/resend, or Resend in the console).',
    unreadable: 'The webhook was given up, because the service cannot read its text. The operator has been notified.',
    unsignable:
      'The webhook waits, because the service cannot read any of your signing secrets, so it cannot sign. POST to /v1/signing-secrets/rotate and use the new one, or ask the operator, who has been notified, to restore the old one; within half a minute the webhook goes out.',
    notSent:
      'The webhook waits: the service itself could not send it, because its egress proxy or its sockets fail, or this host has reached its limit of connections. This used up no attempt. The service tries again at {at} ({in}).',
    allHeld:
      'The webhook waits, because the operator has held all webhooks since {at}; it goes out when they are resumed. GET /v1/events has it meanwhile.',
    gone: 'The webhook is not sent again by itself, because the callback URL answered 410 (gone) at {at}. When the receiver works again, resend it (POST /v1/registrations/{id}/resend, or Resend in the console).',
    exhausted:
      'The webhook has no attempts left: {attempt}. When the receiver works again, resend it (POST /v1/registrations/{id}/resend, or Resend in the console).',
  },
  attempt: {
    none: 'no attempt is on record',
    http: 'attempt {n} at {at} was answered with HTTP {httpStatus}',
    error: 'attempt {n} at {at} failed ({error})',
    redirect: 'redirects are not followed: register the URL that answers. Location: ',
    unauthorized: 'check the signing secret and the clock of the receiver',
  },
  /** Why an attempt had no response, as a clause. */
  attemptError: {
    no_response:
      'no response came: the host name has no address, the host refuses or drops the connection, or it takes too long; check that the URL can be reached from the internet',
    tls: 'the TLS handshake failed; check that TLS 1.2 or later is supported, and that the certificates sent are valid and have less than 16 KB',
    certificate_expired: 'the certificate has expired; renew it, and reload the server that uses it',
    certificate_wrong_name: 'the certificate is for another name; issue one for the host of the callback URL',
    certificate_untrusted: 'the certificate is not trusted; use one from a public authority and send its whole chain',
    not_tls: 'the port does not speak TLS; use the port of HTTPS, or enable TLS on this one',
    invalid_response: 'the response is not HTTP/1.1',
    refused: 'the connection was refused: nothing listens at this address and port',
    unreachable: 'there is no route to this address',
    connect_timeout: 'no connection was established in time: a firewall may drop it',
    timeout: 'the connection was established, and no response came in time',
    reset: 'the connection was closed before a response came',
  } satisfies Record<AttemptError, string>,
}

export type ExplainTexts = typeof en

const zh: ExplainTexts = {
  join: '',
  in: '{span}后',
  ended: {
    succeeded: '核验通过（{at} 查询到结果）。',
    failed: '核验未通过（{at} 查询到结果）。',
    cancelled: '该登记已取消，不再查询，也不会投递回调。',
    unresolved_expired: '截止时间前未得到结果，该登记已于{at} 结束。',
    unresolved_not_found: 'GetResult 始终查不到该流水号，该登记已于{at} 结束。请核对是否与 Submit 返回的一致。',
    unresolved_gone: 'GetResult 曾查到该流水号，后来查不到了，该登记已于{at} 结束。',
    unresolved_invalid_id:
      'GetResult 返回流水号格式错误（返回码 4060），该登记已于{at} 结束。请核对是否与 Submit 返回的一致。',
    unresolved_unknown_status: 'GetResult 一直返回未知状态，该登记已在截止时间{at} 结束。',
  },
  erased: {
    delivered: '该登记在结束后被删除。其回调此前已送达：{attempt}。',
    stopped: '该登记在结束后被删除，其回调不再投递：{attempt}。',
  },
  answer: {
    none: 'GetResult 尚未返回该流水号的结果。',
    verdict: 'GetResult 已于{at} 返回结果，正在保存。',
    waiting: '截至{at}，用户尚未完成核验（状态 {status}）。',
    unknown_status: 'GetResult 于{at} 返回未知状态（“{status}”），尚无结果。',
    not_found: 'GetResult 于{at} 返回查无此号（返回码 4061）。新流水号可能稍后才能查到。',
    invalid_id: 'GetResult 于{at} 返回流水号格式错误（返回码 4060），将再次查询确认。',
    transient: '{at} 查询失败：无法连接 GetResult，或响应无法解析。',
    transient_code: '{at} 查询失败：GetResult 出错（返回码 {code}），与用户的核验结果无关。',
    throttled: 'GetResult 于{at} 要求降低查询频率。',
    account: 'GetResult 于{at} 拒绝了账户的请求（返回码 {code}），与用户的核验结果无关。',
    clock: 'GetResult 于{at} 拒绝了请求中的时间戳（返回码 {code}），与用户的核验结果无关。',
  },
  next: {
    at: '下次查询时间：{at}（{in}）。',
    now: '即将查询。',
    queued: '正在排队：前面还有 {before} 次查询，目前每秒 {rate} 次，预计约 {in}查询。',
    queuedFar: '正在排队：前面至少还有 {before} 次查询，目前每秒最多 {rate} 次，预计最早约 {in}查询。',
    none: '不会再查询。',
  },
  late: '已超过 expiresAt（{at}）：仍无结果的，将在{until} 之后首次得到响应时结束。',
  disabled: '该合作方已停用：启用前不会查询，也不会投递。',
  unreachable: '自{at} 起 GetResult 没有有效响应（{error}）。系统会定期重试，恢复后立即继续查询该流水号。',
  paused: {
    byCode: 'GetResult 账户自{at} 起暂停：{reason}（返回码 {code}）。系统会定期重试，账户恢复后立即继续查询该流水号。',
    byOperator: '运维人员已于{at} 暂停 GetResult 账户，恢复后立即继续查询该流水号。',
  },
  webhook: {
    delivered: '回调已送达：{attempt}。',
    first: '回调将于{at} 投递（{in}）。',
    firstNow: '回调即将投递。',
    retry: '回调尚未送达：{attempt}。下次投递时间：{at}（{in}）。',
    retryNow: '回调尚未送达：{attempt}。即将再次投递。',
    underWay: '正在进行第 {n} 次投递（{at} 开始）。',
    disabled:
      '该回调地址连续五天投递全部失败，自{at} 起暂停投递。修复后，请用 POST /v1/callbacks/test 测试该地址、重新登记该地址，或重发（POST /v1/registrations/{id}/resend，或控制台的“重发回调”）。',
    operator: '运维人员自{at} 起停用了该回调地址，回调暂停投递。',
    held: '回调地址于{at} 返回 410（已失效），回调暂停投递。修复后，请用 POST /v1/callbacks/test 测试该地址、重新登记该地址，或重发（POST /v1/registrations/{id}/resend，或控制台的“重发回调”）。',
    unreadable: '服务无法读取该回调的内容，已放弃投递并通知运维人员。',
    unsignable:
      '签名密钥均无法读取，无法签名，回调等待投递。请 POST /v1/signing-secrets/rotate 并改用新密钥，或等待运维人员（已收到告警）恢复原密钥；之后半分钟内投递。',
    notSent:
      '回调等待投递：本服务侧未能发出（出口代理或网络资源故障，或该主机的并发连接已达上限），不计入投递次数。将于{at} 再次投递（{in}）。',
    allHeld: '运维人员自{at} 起暂停投递所有回调，恢复后自动投递，其间可用 GET /v1/events 拉取。',
    gone: '回调地址于{at} 返回 410（已失效），该回调不再自动投递。接收端恢复后，请重发（POST /v1/registrations/{id}/resend，或控制台的“重发回调”）。',
    exhausted:
      '回调的重试次数已用完：{attempt}。接收端恢复后，请重发（POST /v1/registrations/{id}/resend，或控制台的“重发回调”）。',
  },
  attempt: {
    none: '没有投递记录',
    http: '第 {n} 次投递（{at}）返回 HTTP {httpStatus}',
    error: '第 {n} 次投递（{at}）失败（{error}）',
    redirect: '不会跟随重定向，请登记最终地址。Location：',
    unauthorized: '请检查接收端的签名密钥和时钟',
  },
  attemptError: {
    no_response: '没有收到响应：域名无法解析、连接被拒绝或中断，或超时；请确认该地址可从公网访问',
    tls: 'TLS 握手失败；请检查是否支持 TLS 1.2 及以上版本、证书是否有效、发送的证书总计是否小于 16 KB',
    certificate_expired: '证书已过期；请续期证书，并重新加载使用它的服务',
    certificate_wrong_name: '证书与域名不匹配；请签发包含回调地址域名的证书',
    certificate_untrusted:
      '证书不受信任：自签名、颁发机构未知，或缺少中间证书；请使用公共机构签发的证书，并配置完整证书链（fullchain.pem）',
    not_tls: '该端口返回的不是 TLS；请填写 HTTPS 端口，或在该端口启用 TLS',
    invalid_response: '响应不是 HTTP/1.1',
    refused: '连接被拒绝：端口未监听',
    unreachable: '没有到该地址的路由',
    connect_timeout: '建立连接超时，可能被防火墙丢弃',
    timeout: '连接已建立，但响应超时',
    reset: '收到响应前连接已断开',
  },
}

export const EXPLAIN_TEXTS: Readonly<Record<Language, ExplainTexts>> = { en, zh }
