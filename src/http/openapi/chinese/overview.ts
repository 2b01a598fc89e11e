/** Of the document itself, and of what several calls share. */
export const OVERVIEW = {
  'Verdicts of idface verifications as signed webhooks': '以带签名的回调通知 idface 核验结果',
  [`Register the serial of an idface verification once. The service asks the upstream until there is a verdict, then sends
a signed webhook ([Standard Webhooks](https://www.standardwebhooks.com)) until your callback accepts it.

Bodies are JSON in camelCase, null in an optional field means that it is absent, times are ISO 8601 in UTC, and a serial is a string everywhere. Errors are
problems as in RFC 9457; \`/docs/problems\` says what each means. Whatever is called, their texts are Chinese where \`accept-language\` asks for it,
and English otherwise. Every answer has an \`x-request-id\`. Later versions may add fields to answers: ignore unknown fields.`]: `每个 idface 核验流水号只需登记一次。本服务持续查询 GetResult，一有结果就向回调地址投递带签名的回调（[Standard Webhooks](https://www.standardwebhooks.com)），失败自动重试。

请求体和响应体均为 JSON，字段名采用 camelCase；可选字段传 null 等同于不传；时间为 UTC 的 ISO 8601 格式；流水号始终是字符串。错误响应采用 RFC 9457 格式，各错误码的含义见 \`/docs/problems\`；提示文案的语言由 \`accept-language\` 决定，可选中文或英文，默认英文。每个响应都带有 \`x-request-id\`。后续版本可能增加响应字段，请忽略不认识的字段。`,
  'The operator of this service, from whom you have its address': '本服务的运维人员（服务地址的提供者）',
  'The service that this document comes from.': '提供本文档的服务。',
  'Serials and their verdicts.': '流水号及其结果。',
  'Webhooks: their attempts, sending them again, and fetching them instead.': '回调：投递记录、重发、主动拉取。',
  'Your own limits and signing secrets.': '限额与签名密钥。',
  'What is sent to your callback.': '投递到回调地址的内容。',
  'The API key of a partner, which begins with `ifn_`.': '合作方的 API 密钥，以 `ifn_` 开头。',
  'The language of texts for people, those of problems too: en or zh.': '提示文案（包括错误说明）的语言：en 或 zh。',
  'The address of the new object.': '新对象的地址。',
  'The language of its texts.': '提示文案的语言。',
  'What is otherwise: `metadata`, `expiresAt`, or both.':
    '与已有的登记不同、因此未生效的字段：`metadata`、`expiresAt` 或两者。',
  'Names this call in the log of the service.': '本次调用在服务日志中的编号。',
  'Seconds to wait.': '需要等待的秒数。',
  'How to authenticate.': '认证方式。',
  'A page.': '一页。',
  'The size of a page.': '每页的条数。',
  'The nextCursor of the page before.': '上一页的 nextCursor。',
  'Pass it as `cursor` to get the next page; null: this is the last one.':
    '作为 `cursor` 传入即可取得下一页；null 表示这是最后一页。',
  'The address of a page that says what to do.': '处理办法页面的地址。',
  'The same for all problems of the type.': '同一类错误的标题相同。',
  'The status of the answer, or of the item of a batch.': '响应的状态码；在批量登记中，是该条目的状态码。',
  'What is wrong this time, and what to do.': '本次出错的原因和处理办法。',
  'Every invalid field or parameter.': '所有不符合要求的字段或参数。',
  'Its name, with the names around it: `filter.since`.': '名称，含其上级的名称，如 `filter.since`。',
  'What would be right.': '正确的写法。',
  'Only for a cursor of events that a restore has ended: the cursor to go on with.':
    '仅当事件游标因数据库恢复而失效时返回：请改用此游标继续。',
  'The x-request-id of this answer, by which the operator finds it in the log; an item of a batch has none.':
    '本次响应的 x-request-id，运维人员可据此查找日志；批量登记的条目无此字段。',
  'Why a call was refused, as in RFC 9457.': '请求被拒绝的原因，采用 RFC 9457 格式。',
}
