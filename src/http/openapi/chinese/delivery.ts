/** Of the calls about deliveries, and of their bodies. */
export const DELIVERY = {
  'List the attempts to deliver its webhook, oldest first': '列出回调的投递记录，最早的在前',
  'What was sent when, and what your receiver answered. Of one message the newest 50 attempts are kept.':
    '何时投递、接收端如何响应。每条消息保留最近 50 次投递的记录。',
  'The newest 50 attempts.': '最近 50 次投递。',
  'Resend its webhook': '重发一个回调',
  'It keeps its `webhook-id`, and may be delivered, waiting or exhausted. Its retry schedule starts from the beginning. At most 10 times a minute.':
    '`webhook-id` 不变；已送达、等待投递和已放弃投递的都可以重发。重试计划从头开始。每分钟最多 10 次。',
  'It is due now.': '即将投递。',
  'Send all exhausted webhooks of a time span again': '重发一段时间内所有已放弃投递的回调',
  'For after an outage of your receiver. They are sent in the background, each with its `webhook-id`, and its retry schedule starts from the beginning. At most 10 times a minute, and 10 at once.':
    '用于接收端故障恢复之后。回调在后台投递，`webhook-id` 不变，重试计划从头开始。每分钟最多 10 次，同时进行的最多 10 次。',
  'Started.': '已开始。',
  'The progress of a resend': '批量重发的进度',
  'How many of its webhooks are due again, and whether that is all.': '已重新安排投递的回调数，以及是否已全部完成。',
  'The id of the resend.': '批量重发的 id。',
  'The resend.': '该批量重发。',
  'Fetch webhooks instead of receiving them, oldest first': '主动拉取回调，最早的在前',
  'For partners that cannot receive webhooks, or could not for a while. There is nothing new where a page is empty and its `nextCursor` is the `after` of the call; it stays valid. Only a restore of the database ends it: then the answer is 409, and its `nextCursor` is the one to go on with.':
    '适用于无法接收回调，或曾漏收回调的合作方。`data` 为空且 `nextCursor` 等于 `after` 时，表示已拉到最新；游标一直有效，仅数据库从备份恢复时失效：此时返回 409，请改用响应中的 `nextCursor` 继续。',
  'The nextCursor of the call before; the first message if it is left out.':
    '上一次响应的 nextCursor；不填则从最早的消息开始。',
  'Begins at the first message that was created then, or after `after` where that is later.':
    '从该时间起产生的第一条消息开始；`after` 的位置更靠后时，从 `after` 之后开始。',
  'Only messages whose delivery is in this state now. A page looks at 1000 messages at most, so one that is not the last may have fewer than `limit`, even none.':
    '只返回投递目前处于该状态的消息。一页最多检查 1000 条消息，因此即使后面还有消息，这一页也可能少于 `limit` 条，甚至为空。',
  'Send idface.test to a callback now': '立即向回调地址发送 idface.test',
  'The attempt is signed like every webhook, and its answer does not change your registrations; a good one enables a URL that is disabled. One a second, ten at once.':
    '与其他回调一样带有签名，不影响任何登记；响应为 2xx 时，被停用的地址恢复启用。每秒 1 次，突发上限 10 次。',
  'The attempt, whatever its outcome.': '投递结果，无论成功与否。',

  'Webhooks that were created then or later.': '在该时间或之后产生的回调。',
  'Or earlier; now if it is left out.': '截至该时间；不填则截至现在。',
  'Only what was given up: all others are sent anyway, or have arrived.':
    '只重发已放弃投递的：其余的会自动投递，或已送达。',
  'When it began.': '开始的时间。',
  'A 2xx; any other answer; a 410, which ends the message; no answer at all.':
    '依次为：收到 2xx；收到其他响应；收到 410，该消息终止投递；没有响应。',
  'What the receiver answered; null where no answer came.': '接收端返回的状态码；没有响应时为 null。',
  'Why there was no answer: `no_response`, `tls`, `certificate_expired`, `certificate_wrong_name`, `certificate_untrusted`, `not_tls`, `invalid_response`; in the operator’s own networks also `refused`, `unreachable`, `connect_timeout`, `timeout`, `reset`, which elsewhere are `no_response`, so that nobody scans a network with webhooks.':
    '没有响应的原因：`no_response`、`tls`、`certificate_expired`、`certificate_wrong_name`、`certificate_untrusted`、`not_tls`、`invalid_response`；运维人员放行的网段内还有 `refused`、`unreachable`、`connect_timeout`、`timeout`、`reset`，对其他主机一律为 `no_response`，以防借回调扫描网络。',
  'What to do about it, in the language of `Accept-Language`.': '如何处理，语言由 `Accept-Language` 决定。',
  'From its begin to the end of the answer, in milliseconds.': '从开始到响应结束的毫秒数。',
  'The first 1 KiB of the body, after the `Location` of a redirect.': '响应体的前 1 KiB；重定向时首行为其 `Location`。',
  'One POST of a webhook to your receiver.': '向接收端 POST 一次回调的记录。',

  'What it is about.': '所属的登记。',
  'As in the body.': '与请求体中相同。',
  'When there was something to tell.': '该消息产生的时间。',
  'The exact text of the webhook: verify it with `headers`, then parse it.':
    '回调请求体的原文：请先用 `headers` 验签，再解析。',
  'The same however often you get the message.': '同一消息始终不变。',
  'Epoch seconds.': 'Unix 时间戳（秒）。',
  'As in a webhook.': '与回调中相同。',
  'Signed now.': '本次拉取时签名。',
  'A webhook as it was made, whether it has arrived or not.': '一条回调的原始内容，不论是否送达。',
  'Pass it as `after` to continue where this answer ended; it is never null. Nothing is left if the page is empty and this is the `after` of the call.':
    '作为 `after` 传入，从本次响应的末尾继续；不会为 null。`data` 为空且它等于 `after` 时，表示已拉到最新。',
  'To ask for its progress.': '用于查询进度。',
  'As it was asked for, or when it was.': '请求中的值；未填时为发起请求的时间。',
  'Messages to resend, counted when the resend was requested.': '需要重发的消息数，在发起时统计。',
  'Messages that are due again, so far.': '目前已重新安排投递的消息数。',
  'Whether that is all.': '是否已全部完成。',
  'Many webhooks that are sent again in the background.': '在后台重发的一批回调。',
}
