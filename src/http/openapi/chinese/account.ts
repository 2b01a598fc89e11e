/** Of the calls about the partner itself, and of their bodies. */
export const ACCOUNT = {
  'List the live signing secrets, newest first': '列出有效的签名密钥，最新的在前',
  'With what your webhooks are signed now. The texts of secrets are shown only when they are created.':
    '目前用于签名回调的密钥。密钥的内容只在创建时显示一次。',
  'All live secrets, without their text.': '所有有效的签名密钥，不含内容。',
  'Create a new signing secret': '创建新的签名密钥',
  'During the overlap every webhook carries a signature of each live secret, of which there are at most 4.':
    '重叠期内，每个回调都带有各个有效密钥的签名；有效的密钥最多 4 个。',
  'The new secret.': '新的签名密钥。',
  'End an old signing secret before its overlap does': '在重叠期结束前停用旧的签名密钥',
  'What is signed from then on has no signature of it. The newest secret cannot be deleted: rotate with an overlap of `0s` instead. Deleting it again changes nothing.':
    '此后的签名不再使用该密钥。最新的密钥不能删除：请改以 `overlap` 为 `0s` 更换密钥。重复删除没有影响。',
  'The id of the signing secret.': '签名密钥的 id。',
  'Ended.': '已停用。',
  'The partner of this key, its limits and their usage': '该 API 密钥所属的合作方、限额及用量',
  'A first call that shows whether a key works.': '可用于确认 API 密钥是否可用。',
  'The partner.': '合作方。',
  'How long a new serial waits now, and how your webhooks fare': '新流水号的等待时间与回调投递情况',
  'Whether GetResult answers, whether the account is paused, how many serials go before a new one and how long that takes, your deliveries of the last hour, and the callback URLs that need you.':
    'GetResult 是否正常、账户是否暂停、新流水号的排队数和预计等待时间、最近一小时的投递情况，以及需要处理的回调地址。',
  'The id or the APIID of an account, as in a registration; the one that is used without it if it is left out.':
    '账户的 id 或 APIID，与登记时相同；不填则为默认账户。',
  'As it is now.': '当前状态。',

  'How long the present secrets keep signing; 24h by default, at most 30d.':
    '现有的密钥继续用于签名的时间；默认 24h，最长 30d。',
  '`v1`: HMAC-SHA256, the default. `v1a`: ed25519.': '`v1`：HMAC-SHA256，默认值。`v1a`：ed25519。',
  'Names it where it is deleted.': '删除时用它指明是哪个密钥。',
  '`v1`: HMAC-SHA256, with a secret that both sides know. `v1a`: ed25519, verified with a public key.':
    '`v1`：HMAC-SHA256，对称密钥。`v1a`：ed25519，用公钥验签。',
  'Since when it signs.': '开始用于签名的时间。',
  'When it stops signing; null: no end is planned.': '停止用于签名的时间；null 表示没有安排。',
  'What your webhooks are signed with, without its text.': '签名回调所用的密钥，不含内容。',
  'It is shown only this once. `whsec_…` for `v1`, the public key `whpk_…` for `v1a`.':
    '只显示这一次。`v1` 为 `whsec_…`，`v1a` 为公钥 `whpk_…`。',
  'When the secret before it stops signing; null: there was none.':
    '上一个密钥停止用于签名的时间；null 表示没有上一个密钥。',
  'What your webhooks are signed with from now on.': '此后用于签名回调的密钥。',

  'By this the operator knows you.': '合作方的 id，供运维人员识别。',
  'As the operator has called you.': '运维人员设置的名称。',
  '`thin` webhooks have neither the message nor the scores.': '`thin`（精简）回调中没有 `message` 和各项分数。',
  'In the long run.': '每秒的平均上限。',
  'At once.': '突发上限。',
  'Requests with one API key.': '单个 API 密钥的请求。',
  'Registrations of the partner, singly or in batches.': '合作方的登记，单个与批量合计。',
  'Limit of registrations that wait for their verdict; null: none.': '等待结果的登记数上限；null 表示不限。',
  'Limit of different callback hosts; null: none.': '不同的回调主机数上限；null 表示不限。',
  'Limit of new registrations in 24 hours; null: none.': '24 小时内新登记数的上限；null 表示不限。',
  'What you may have at most.': '各项上限。',
  'Registrations that wait for their verdict.': '等待结果的登记数。',
  'Different callback hosts.': '不同的回调主机数。',
  'Of the last 24 hours, to the full hour.': '最近 24 小时内的数量，按整点计。',
  'When these were counted.': '统计的时间。',
  'What counts for the quotas.': '计入配额的用量。',
  'Whose key this is, and what it may do.': '该 API 密钥所属的合作方及其限额。',

  'Whether GetResult answers.': 'GetResult 是否正常。',
  'Since when it does not.': '开始没有响应的时间。',
  'Why, such as `unreachable: ECONNREFUSED`.': '原因，如 `unreachable: ECONNREFUSED`。',
  'The upstream account that this is about.': '所用的 GetResult 账户。',
  'Calls of yours that go before a serial that is registered now.':
    '新登记的流水号前面还有多少次查询（仅计本合作方）。',
  'About how long until it is asked.': '预计多久之后查询。',
  'Null while nothing is asked.': '暂停查询期间为 null。',
  'The time that the others count from.': '其余各项从该时间开始统计。',
  'A 2xx has answered.': '已收到 2xx 响应。',
  'They are sent, or sent again, by themselves.': '将自动投递或重试。',
  'They were given up.': '已放弃投递。',
  'Delivered over all; null where there is none.': '已送达的占全部的比例；没有回调时为 null。',
  'Your webhooks of the last hour, or the newest 1,000 of them.': '最近一小时的回调，最多统计最新的 1,000 个。',
  '`failing`: every attempt since `since` has failed. `disabled`: for five days, so its webhooks are held. `gone`: it answered 410, so they are held.':
    '`failing`：从 `since` 起投递全部失败。`disabled`：已连续失败五天，回调暂停投递。`gone`：该地址返回了 410，回调暂停投递。',
  'Since when that is so.': '该状态开始的时间。',
  'Since when its webhooks are held; null: they are tried.': '回调开始暂停投递的时间；null 表示仍在投递。',
  'How the last attempt failed: `http_503`, or the `error` of an attempt; null after a 410.':
    '最近一次投递失败的原因：如 `http_503`，或投递记录中的 `error`；返回 410 后为 null。',
  'Webhooks that are held, counted up to 1,000.': '暂停投递的回调数，最多数到 1,000。',
  'Callback URLs that need you, the longest first, 20 at most; empty where all is well.':
    '需要处理的回调地址，持续最久的在前，最多 20 个；一切正常时为空。',
  'How long a new serial waits now, and how your webhooks fare.': '新流水号的等待时间与回调投递情况。',
}
