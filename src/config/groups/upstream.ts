import { SECOND } from '../../core/duration.ts'
import { duration, flag, oneOf, rate, secretWord, wholeNumber, word } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'
import { upstreamUrl } from '../url-parsers.ts'

export const UPSTREAM = {
  title: { en: 'Upstream (GetResult)', zh: '上游（GetResult）' },
  settings: {
    account: {
      name: 'IHUYI_ACCOUNT',
      parse: word,
      default: null,
      neededFor: 'upstream',
      en: 'APIID of the default upstream account.',
      zh: '默认上游账户的 APIID。',
    },
    apiKey: {
      name: 'IHUYI_API_KEY',
      parse: secretWord({ min: 1 }),
      default: null,
      secret: true,
      neededFor: 'upstream',
      en: 'APIKEY of the default upstream account.',
      zh: '默认上游账户的 APIKEY。',
    },
    passwordMode: {
      name: 'IHUYI_PASSWORD_MODE',
      parse: oneOf('dynamic', 'static'),
      default: 'dynamic',
      en: '`dynamic` sends an md5 password with `time`; `static` sends the API key itself.',
      zh: '`dynamic`：发送带 `time` 的 md5 动态密码；`static`：直接发送 APIKEY。',
    },
    url: {
      name: 'IHUYI_URL',
      parse: upstreamUrl,
      default: 'https://api.ihuyi.com/idcard/idface/GetResult.json',
      en: 'The URL of GetResult: `https:`, or `http:` with a literal loopback address.',
      zh: 'GetResult 的地址；须为 `https:`，仅回环地址可用 `http:`。',
    },
    method: {
      name: 'IHUYI_METHOD',
      parse: oneOf('POST', 'GET'),
      default: 'POST',
      en: 'The method of a GetResult call, `POST` or `GET`.',
      zh: '调用 GetResult 的方式，`POST` 或 `GET`。',
    },
    rate: {
      name: 'UPSTREAM_RATE',
      parse: rate({ max: 100_000 }),
      default: '5',
      en: 'The most GetResult calls a second for one account, on all nodes together.',
      zh: '每个账户每秒最多调用 GetResult 的次数（所有节点合计）。',
    },
    concurrency: {
      name: 'UPSTREAM_CONCURRENCY',
      parse: wholeNumber({ min: 1, max: 1_000 }),
      default: '4',
      en: 'The most GetResult calls in flight for one account on one node.',
      zh: '每个节点上每个账户同时进行的 GetResult 调用上限。',
    },
    // A claimed row is leased for a minute at most, and the call must end well within its lease.
    timeoutMs: {
      name: 'UPSTREAM_TIMEOUT',
      parse: duration({ min: 100, max: 25 * SECOND }),
      default: '10s',
      en: 'The time limit of one GetResult call, its body included.',
      zh: '单次 GetResult 调用的总时限（含读取响应体）。',
    },
    sandbox: {
      name: 'SANDBOX',
      parse: flag,
      default: 'false',
      en: 'Whether test serials such as `test_success_3s`, `test_fail`, `test_notfound` and `test_expire_5s_MY-WORD` are answered here, whatever GetResult and the account do; what comes of them says `"sandbox": true`, and any other `test_…` is refused.',
      zh: '是否由本服务直接给出测试流水号的结果（如 `test_success_3s`、`test_fail`、`test_notfound`、`test_expire_5s_MY-WORD`）而不调用 GetResult，也不受账户状态影响；其回调和登记都带有 `"sandbox": true`，其他 `test_…` 流水号会被拒绝。',
    },
  },
} satisfies SettingGroup
