/** Of the webhooks: their headers, their bodies, and what a receiver may answer. */
export const WEBHOOKS = {
  'The person was verified': '核验通过',
  'The person was not verified': '核验未通过',
  'There will be no verdict': '没有结果',
  'The webhook of POST /v1/callbacks/test': 'POST /v1/callbacks/test 发送的回调',
  'Another callback URL of yours is disabled': '另一个回调地址已被停用',

  'The same for every attempt to deliver a message. Store it, to recognise a message that arrives twice.':
    '消息 id，每次投递都相同。请保存，用于幂等去重。',
  'When this attempt was signed, in epoch seconds. Reject old timestamps.':
    '本次投递的签名时间，Unix 时间戳（秒）。请拒绝过旧的时间戳。',
  'Signatures of `{webhook-id}.{webhook-timestamp}.{body}`, one for each live secret, separated by spaces: `v1,` and the base64 of HMAC-SHA256 with `whsec_…`, or `v1a,` and the base64 of ed25519 for `whpk_…`.':
    '对 `{webhook-id}.{webhook-timestamp}.{body}` 的签名，每个有效的签名密钥各有一个，以空格分隔：`v1,` 加上用 `whsec_…` 计算的 HMAC-SHA256 的 base64，或 `v1a,` 加上可用 `whpk_…` 验证的 ed25519 签名的 base64。',
  'The number of this attempt, from 1.': '第几次投递，从 1 开始。',
  'The sender and its version.': '发送方及其版本。',
  'Verify the signature over exactly these bytes, then parse them.': '请先对这些原始字节验签，再解析。',
  'Never again: this message ends, and the URL is on hold until it is registered or resent to.':
    '不再投递：这条消息终止投递，该地址暂停投递，直到它被重新登记，或有消息重发到该地址。',
  'Not now. `Retry-After` delays the next attempt, by 24 h at most.':
    '暂不接收。下一次投递按 `Retry-After` 推迟，最长 24 小时。',
  'Not now, like 429.': '暂不接收，与 429 相同。',
  'Delivered. The body is ignored.': '已送达，忽略响应体。',
  'Not delivered. Redirects count as this too. The next attempt follows the retry schedule.':
    '投递失败，包括重定向。按重试计划重试。',

  'When it was created; the same in every attempt.': '该消息产生的时间；每次投递都相同。',
  'As the answer to the registration said.': '与登记时返回的 id 相同。',
  'The serial, as it was registered.': '流水号，与登记时相同。',
  'As the upstream sent it; absent in a `thin` webhook.': 'GetResult 返回的原文；`thin`（精简）回调中没有此字段。',
  'The verdict changed between `previousPollAt` and this time.': '结果产生于 `previousPollAt` 与该时间之间。',
  'The last poll that showed the check still open; null if the first poll found the verdict.':
    '最近一次查询到核验仍未完成的时间；第一次查询就有结果时为 null。',
  'This is a test serial: no person was checked.': '测试流水号，没有真人参与核验。',
  'The last status of the upstream, as it was sent.': 'GetResult 最近一次返回的状态原文。',
  'Why there will be no verdict.': '没有结果的原因。',
  'The URL that is disabled.': '被停用的地址。',
  'Since when every attempt has failed.': '开始全部失败的时间。',
  'What was answered; null where no answer came.': '收到的状态码；没有响应时为 null。',
  'As in an attempt; null where an answer came.': '与投递记录中相同；收到响应时为 null。',
  'How the last attempt failed: by its status, or, where no answer came, an error.':
    '最近一次投递失败的原因：收到响应时为状态码，否则为 `error`。',
}
