import { DAY, HOUR, SECOND } from '../core/duration.ts'
import {
  decimal,
  duration,
  durationList,
  enumOf,
  flag,
  networks,
  secretWord,
  sources,
  wholeNumber,
  word,
} from './parsers.ts'
import { nodeSetting, type SettingGroup, setting } from './setting.ts'
import { proxyUrl, upstreamUrl } from './url-parsers.ts'

/** How GetResult is called. */
export const UPSTREAM = {
  title: { en: 'Upstream (GetResult)', zh: '上游（GetResult）' },
  settings: {
    account: setting('IHUYI_ACCOUNT', word, null, {
      neededFor: 'upstream',
      en: 'APIID of the default upstream account.',
      zh: '默认上游账户的 APIID。',
    }),
    apiKey: setting('IHUYI_API_KEY', secretWord({ min: 1 }), null, {
      secret: true,
      neededFor: 'upstream',
      en: 'APIKEY of the default upstream account.',
      zh: '默认上游账户的 APIKEY。',
    }),
    passwordMode: setting('IHUYI_PASSWORD_MODE', enumOf(['dynamic', 'static']), 'dynamic', {
      en: '`dynamic` sends an md5 password with `time`; `static` sends the API key itself.',
      zh: '`dynamic`：发送带 `time` 的 md5 动态密码；`static`：直接发送 APIKEY。',
    }),
    url: setting('IHUYI_URL', upstreamUrl, 'https://api.ihuyi.com/idcard/idface/GetResult.json', {
      en: 'The URL of GetResult: `https:`, or `http:` with a literal loopback address.',
      zh: 'GetResult 的地址；须为 `https:`，仅回环地址可用 `http:`。',
    }),
    method: setting('IHUYI_METHOD', enumOf(['POST', 'GET']), 'POST', {
      en: 'The method of a GetResult call, `POST` or `GET`.',
      zh: '调用 GetResult 的方式，`POST` 或 `GET`。',
    }),
    rate: setting('UPSTREAM_RATE', decimal({ min: 0.001, max: 100_000 }), '5', {
      en: 'The most GetResult calls a second for one account, on all nodes together.',
      zh: '每个账户每秒最多调用 GetResult 的次数（所有节点合计）。',
    }),
    concurrency: nodeSetting('UPSTREAM_CONCURRENCY', wholeNumber({ min: 1, max: 1_000 }), '4', {
      en: 'The most GetResult calls in flight for one account on one node.',
      zh: '每个节点上每个账户同时进行的 GetResult 调用上限。',
    }),
    // A claimed row is leased for a minute at most, and the call must end well within its lease.
    timeoutMs: setting('UPSTREAM_TIMEOUT', duration({ min: 100, max: 25 * SECOND }), '10s', {
      en: 'The time limit of one GetResult call, its body included.',
      zh: '单次 GetResult 调用的总时限（含读取响应体）。',
    }),
    sandbox: setting('SANDBOX', flag, 'false', {
      en: 'Whether test serials such as `test_success_3s`, `test_fail`, `test_notfound` and `test_expire_5s_MY-WORD` are answered here, without GetResult or the account; their results have `"sandbox": true`, and any other `test_…` is refused. While it is off, each `test_…` is refused, unless `IHUYI_URL` is an `http:` simulator.',
      zh: '是否由本服务直接给出测试流水号的结果（如 `test_success_3s`、`test_fail`、`test_notfound`、`test_expire_5s_MY-WORD`）而不调用 GetResult，也不受账户状态影响；其回调和登记都带有 `"sandbox": true`，其他 `test_…` 流水号会被拒绝；关闭时一律拒绝 `test_…`，除非 `IHUYI_URL` 为 `http:` 模拟器。',
    }),
  },
} satisfies SettingGroup

/** When serials are polled. */
export const POLLING = {
  title: { en: 'Polling', zh: '轮询' },
  settings: {
    minMs: setting('POLL_MIN_INTERVAL', duration({ min: 100, max: 24 * HOUR }), '5s', {
      en: 'The shortest interval between two polls of a serial.',
      zh: '同一流水号两次查询的最短间隔。',
    }),
    maxMs: setting('POLL_MAX_INTERVAL', duration({ min: 100, max: 24 * HOUR }), '1h', {
      en: 'The longest interval between two polls of a serial; after failed calls at most 5 minutes.',
      zh: '同一流水号两次查询的最长间隔；查询失败后最长 5 分钟。',
    }),
    rampMs: setting('POLL_RAMP', duration({ min: 1 * SECOND, max: 24 * HOUR }), '120s', {
      en: 'The age up to which the shortest interval holds; after it the interval grows with the age.',
      zh: '在此时长内按最短间隔查询，之后间隔随时长增长。',
    }),
    registrationTtlMs: setting('REGISTRATION_TTL', duration({ min: 100, max: 400 * DAY }), '24h', {
      en: 'How long to wait for a verdict if the registration has no `expiresAt`.',
      zh: '登记未带 `expiresAt` 时的等待期限。',
    }),
    settleMarginMs: setting('SETTLE_MARGIN', duration({ min: 0, max: 30 * DAY }), '10m', {
      en: 'How long polling goes on after `expiresAt` before it gives up.',
      zh: '超过 `expiresAt` 后再继续查询多久才放弃。',
    }),
    notFoundGraceMs: setting('NOT_FOUND_GRACE', duration({ min: 0, max: 30 * DAY }), '2h', {
      en: 'How long after the registration 4061 means "not visible yet".',
      zh: '登记后多长时间内将 4061 视为“暂不可见”。',
    }),
  },
} satisfies SettingGroup

/** How webhooks are sent. */
export const CALLBACK = {
  title: { en: 'Callbacks', zh: '回调' },
  settings: {
    retryScheduleMs: setting(
      'RETRY_SCHEDULE',
      durationList({ min: 0, max: 30 * DAY, most: 50 }),
      '5s,5m,30m,2h,5h,10h,14h,20h,24h',
      {
        en: 'The delays between attempts, each ±20 %; one entry for each retry, 50 at most.',
        zh: '各次投递之间的等待时间（±20 % 抖动）；条目数即重试次数，最多 50 条。',
      },
    ),
    timeoutMs: setting('CALLBACK_TIMEOUT', duration({ min: 100, max: 45 * SECOND }), '15s', {
      en: 'The time limit of one attempt: DNS, connection, headers and body together.',
      zh: '单次投递的总时限（DNS、连接、响应头与响应体合计）。',
    }),
    concurrency: nodeSetting('CALLBACK_CONCURRENCY', wholeNumber({ min: 1, max: 10_000 }), '256', {
      en: 'The most attempts in flight on one node.',
      zh: '每个节点同时进行的投递上限。',
    }),
    concurrencyPerHost: nodeSetting('CALLBACK_CONCURRENCY_PER_HOST', wholeNumber({ min: 1, max: 10_000 }), '16', {
      en: 'The most attempts in flight to one host on one node.',
      zh: '每个节点对同一主机同时进行的投递上限。',
    }),
    allowHttp: setting('CALLBACK_ALLOW_HTTP', flag, 'false', {
      en: 'Whether `http:` callback URLs are accepted.',
      zh: '是否接受 `http:` 的回调地址。',
    }),
    allowNetworks: setting('CALLBACK_ALLOW_NETWORKS', networks({ ipv4: 8, ipv6: 7 }), '', {
      en: 'CIDRs that callbacks may reach although they are not public, such as `127.0.0.0/8,::1/128`.',
      zh: '允许回调访问的非公网网段（CIDR），例如 `127.0.0.0/8,::1/128`。',
    }),
    sources: setting('CALLBACK_SOURCES', sources, '', {
      en: 'The addresses and CIDRs that webhooks come from, such as `203.0.113.7,2001:db8::/64`, for the firewalls of partners: `/docs/webhooks` shows them.',
      zh: '回调请求的来源 IP 地址或网段（CIDR），例如 `203.0.113.7,2001:db8::/64`，显示在 `/docs/webhooks` 中，供合作方配置防火墙。',
    }),
    proxy: setting('CALLBACK_PROXY', proxyUrl, null, {
      secret: true,
      en: 'An egress proxy for callbacks, such as `http://proxy.internal:3128`.',
      zh: '回调使用的出口代理，例如 `http://proxy.internal:3128`。',
    }),
  },
} satisfies SettingGroup
