/** Of the calls about registrations, and of their bodies. */
export const REGISTRATIONS = {
  'Register a serial': '登记一个流水号',
  'The registration is durable before the answer is sent, and the request may be repeated: the same `idcardid` and `callbackUrl` return the existing registration; after `unresolved` or `cancelled` they are registered anew, with a new `id`. If the verdict is known already, the webhook is sent at once.':
    '返回响应前登记已落盘。该接口是幂等的：`idcardid` 与 `callbackUrl` 都相同时返回已有的登记；它以 `unresolved` 或 `cancelled` 结束之后则重新登记，得到新的 `id`。如果已有结果，则立即投递回调。',
  'It existed already.': '登记已存在，未作改动。',
  'Registered.': '已登记。',
  'List registrations, newest first': '列出登记，最新的在前',
  'Where `nextCursor` is not null, there is another page: pass it as `cursor`. To ask for many serials at once, `POST /v1/registrations/lookup`.':
    '`nextCursor` 不为 null 时还有下一页：请将它作为 `cursor` 传入。要一次查询多个流水号，请使用 `POST /v1/registrations/lookup`。',
  'Only registrations of this serial.': '只返回该流水号的登记。',
  'Only registrations in this state.': '只返回处于该状态的登记。',
  'Only registrations whose webhook is in this state.': '只返回回调处于该状态的登记。',
  'Register up to 1,000 serials': '批量登记，最多 1,000 个流水号',
  'Every item has its own result, and an invalid item does not affect the others. The body may have up to 1 MiB. A batch costs what it holds: if the partner’s rate of registrations does not suffice for all of it, the answer is 429 and nothing of it is taken.':
    '每个条目各有结果，互不影响。请求体不超过 1 MiB。批量登记按条目数计入限额：限额不足以受理全部条目时返回 429，整体不受理。',
  'The result of every item.': '每个条目的结果。',
  'Look up 1,000 serials at most in one call': '批量查询，最多 1,000 个流水号',
  'For one call after an outage: all your registrations of each serial, in the order of the request. A serial that is unknown, or another partner’s, has none. An answer holds 5000 registrations at most: if the serials have more together, it is 422, and you ask for fewer at a time.':
    '适合故障恢复后一次补查：按请求顺序返回每个流水号的全部登记。未登记或属于其他合作方的流水号，返回空列表。一次最多返回 5000 条登记，合计超出时返回 422，请减少每次查询的流水号。',
  'The registrations of every serial.': '每个流水号的登记。',
  'Get a registration, or wait for its verdict': '查询一条登记，也可等待结果',
  'With `wait` the answer comes as soon as there is a verdict, at most that much later: the registration is in its present state then, which may be `pending` still.':
    '带 `wait` 时，一有结果立即返回，最长等待指定的时间；超时返回登记的当前状态，可能仍为 `pending`。',
  'The id of the registration.': '登记的 id。',
  'Answer as soon as the registration leaves `pending`, or after this time, which is at most 60s. Of one partner, 64 calls may wait; one more is answered at once.':
    '状态不再是 `pending` 时立即返回，最长等待该时间，不超过 60s。同一合作方最多有 64 个请求同时等待，超出的立即返回。',
  'The registration in its present state.': '登记的当前状态。',
  'Cancel a registration': '取消一条登记',
  'It is not polled any more and sends no webhook. Cancelling it again changes nothing.':
    '不再查询，也不投递回调。重复取消没有影响。',
  'Cancelled.': '已取消。',
  'Ask the upstream now': '立即查询 GetResult',
  'A hint that the user has come back from the verification.': '用户完成核验返回后调用，提示本服务立即查询。',
  'It is due now; in a queue it goes first.': '即将查询；需要排队时优先。',
  'Why there is no webhook yet': '为什么还没有收到回调',
  'The last answer of the upstream, the next poll, whether the account is paused and why, the last attempt and the next: as data, and in one sentence in the language that `accept-language` asks for.':
    'GetResult 最近一次的响应、下次查询时间、账户是否暂停及原因、最近一次和下一次投递：包括各字段和一句文字说明，语言由 `accept-language` 决定。',
  'The explanation, as data and in words.': '原因，包括数据和文字说明。',

  'The serial that Submit returned, as a string.': 'Submit 返回的流水号，以字符串表示。',
  'Where the webhook is sent.': '接收回调的地址。',
  'Data of your own, which the webhook returns; at most 2048 bytes as JSON.':
    '自定义数据，在回调中原样带回；序列化为 JSON 后不超过 2048 字节。',
  'When the link expires: ISO 8601, or the epoch in seconds or milliseconds; at most 400 days ahead.':
    '核验链接的过期时间：ISO 8601，或以秒或毫秒为单位的 Unix 时间戳；不晚于 400 天后。',
  'The id or the APIID of the upstream account; the default account if it is left out.':
    'GetResult 账户的 id 或 APIID；不填则使用默认账户。',
  'Each as in a call of its own.': '每个条目与单独登记时的请求体相同。',
  'A serial may stand there more than once.': '同一流水号可以出现多次。',

  'Names the registration in all calls.': '在所有接口中标识该登记。',
  'The serial that Submit returned.': 'Submit 返回的流水号。',
  'In its normalised form.': '规范化之后的形式。',
  'As it was registered.': '与登记时相同。',
  '`pending` until there is a verdict, it is given up (`unresolved`), or it is cancelled.':
    '有结果、停止等待（`unresolved`）或取消之前为 `pending`。',
  'Why it is `unresolved`: the deadline passed; the upstream never knew the serial; it no longer knows it; it calls it malformed; it keeps answering with an undocumented status.':
    '变为 `unresolved` 的原因，依次为：已过截止时间；GetResult 始终查不到该流水号；GetResult 后来查不到了；GetResult 返回流水号格式错误；GetResult 一直返回未知状态。',
  'The verdict, which is final.': '最终结果，不再改变。',
  'As the upstream sent it.': 'GetResult 返回的原文。',
  'As the upstream sent it; null if it sent nothing.': 'GetResult 返回的原文；没有返回时为 null。',
  'Null until there is a verdict.': '有结果之前为 null。',
  'How often the upstream was asked about the serial.': '查询 GetResult 的次数。',
  'Null: it was not asked yet.': 'null 表示尚未查询。',
  'In a queue: since when it is due, in a list; about when it will be asked, where this registration alone is read.':
    '排队时，在列表中是应当查询的时间；单独查询该登记时，是预计查询的时间。',
  'How its webhook fares.': '回调的投递情况。',
  'The `webhook-id`; null until there is a webhook.': '即 `webhook-id`；尚无回调时为 null。',
  'Of the webhook: `delivered` once a 2xx has answered, `exhausted` once it is given up.':
    '回调的状态：收到 2xx 响应后为 `delivered`，放弃投递后为 `exhausted`。',
  'How often it was sent.': '已投递的次数。',
  'Null: nothing is planned.': 'null 表示没有安排。',
  'When it was registered.': '登记的时间。',
  'When it is given up if there is no verdict, not counting the margin that the operator has set.':
    '届时仍无结果即停止等待，不含运维人员设置的宽限时间。',
  'When it left `pending`; null until then.': '状态不再是 `pending` 的时间；在此之前为 null。',
  'A serial that you wait for, and what has become of it.': '登记的流水号及其当前状态。',
  'As the header `idface-ignored`.': '与响应头 `idface-ignored` 相同。',
  'As of a call of its own.': '与单独登记时相同。',
  'One for each registration, in the same order.': '与请求中的登记一一对应，顺序相同。',
  'As it was asked for.': '与请求中相同。',
  'Yours for this serial, the newest first; empty: there are none.': '该流水号的登记，最新的在前；没有则为空。',
  'One for each serial, in the same order.': '与请求中的流水号一一对应，顺序相同。',

  'What is explained.': '所说明的登记。',
  'Of the sentence.': '该句说明的语言。',
  'The fields below in words.': '对下列字段的文字说明。',
  'When this was so.': '以上情况的时间。',
  'What the last answer of GetResult meant; null: there was none.':
    'GetResult 最近一次响应的含义；null 表示还没有响应。',
  'The code of that GetResult answer.': '该次 GetResult 响应的返回码。',
  'The last status in a GetResult answer, as it was sent.': 'GetResult 响应中最近一次的状态原文。',
  'How often GetResult was asked about the serial.': '查询 GetResult 的次数。',
  'In a queue: about when.': '排队时为预计的时间。',
  'Calls of yours that go before it, roughly; at least so many where there are over 5,000.':
    '排在前面的查询次数（约数，仅计本合作方）；超过 5,000 次时，表示不少于该数。',
  'Calls a second that you have now.': '目前每秒可用的查询次数。',
  'Null unless it is due and waits for its turn.': '仅在排队时返回，否则为 null。',
  'While it is, nothing is asked with it, and no registration expires.': '暂停期间不用该账户查询，登记也不会到期。',
  'Why it is paused.': '暂停的原因。',
  'The upstream code that paused it.': '导致暂停的 GetResult 返回码。',
  'Since when it is paused.': '开始暂停的时间。',
  'The upstream account that the serial is asked with.': '查询该流水号所用的 GetResult 账户。',
  'Of the webhook; null: there is none yet.': '回调的类型；null 表示尚无回调。',
  'The `webhook-id`.': '即 `webhook-id`。',
  'Since when the callback URL has been on hold.': '该回调地址开始暂停投递的时间。',
  '`gone`: it answered 410. `disabled`: every attempt of five days has failed. `operator`: the operator has disabled it.':
    '`gone`：该地址返回了 410。`disabled`：连续五天投递全部失败。`operator`：运维人员已停用。',
  'An attempt is being made, which began at `nextAttemptAt`.': '正在投递，开始时间见 `nextAttemptAt`。',
  'It waits, because none of your signing secrets can be read.': '签名密钥均无法读取，回调等待投递。',
  'It waits, because the operator has held all webhooks since then.':
    '运维人员从该时间起暂停投递全部回调，回调等待投递。',
  'Why there is no webhook yet.': '为什么还没有收到回调。',
}
