import { DAY, HOUR, SECOND } from '../core/duration.ts'
import { CALLBACK_SETTINGS } from './callback-settings.ts'
import {
  duration,
  flag,
  host,
  networks,
  oneOf,
  type Parser,
  rate,
  secretKey,
  secretWord,
  wholeNumber,
  word,
} from './parsers.ts'
import type { SettingGroup } from './setting.ts'
import { databaseUrl, upstreamUrl } from './url-parsers.ts'

/** Every setting, once. The config and its type, the errors, `serve --help` and the documents all come from here. */
const SETTINGS = {
  storage: {
    title: { en: 'Storage', zh: '存储' },
    settings: {
      database: {
        name: 'DATABASE_URL',
        parse: databaseUrl,
        default: 'file:data/notifier.db',
        secret: true,
        en: '`file:PATH` for SQLite (one node), or `postgres://USER:PASSWORD@HOST/NAME` (several nodes).',
        zh: '`file:路径` 使用 SQLite（单节点）；`postgres://用户:密码@主机/库名` 使用 PostgreSQL（多节点）。',
      },
      masterKey: {
        name: 'MASTER_KEY',
        parse: secretKey({ bytes: 32 }),
        default: null,
        secret: true,
        en: '32 bytes in base64; encrypts signing secrets and upstream keys at rest. If it is missing with SQLite, one is generated beside the database; PostgreSQL requires it.',
        zh: '32 字节的 base64，用于加密保存签名密钥与上游密钥。使用 SQLite 时若未设置，会在数据库旁自动生成；使用 PostgreSQL 时必须设置。',
      },
      previousMasterKey: {
        name: 'MASTER_KEY_PREVIOUS',
        parse: secretKey({ bytes: 32 }),
        default: null,
        secret: true,
        en: 'The key before `MASTER_KEY`, while `rekey` has not yet moved everything to the new one.',
        zh: '更换 `MASTER_KEY` 之前的旧密钥；在 `rekey` 把全部数据迁移到新密钥之前需要保留。',
      },
      retentionMs: {
        name: 'RETENTION',
        parse: duration({ min: 1 * SECOND, max: 3_650 * DAY }),
        default: '30d',
        en: 'How long a finished registration is kept; then it is erased with its messages and attempts.',
        zh: '已结束的登记保留多久；到期后连同其消息和投递记录一并删除。',
      },
    },
  },
  server: {
    title: { en: 'API and console', zh: '接口与管理台' },
    settings: {
      host: {
        name: 'HOST',
        parse: host,
        default: '127.0.0.1',
        en: 'The address the API listens on.',
        zh: '接口监听的地址。',
      },
      port: {
        name: 'PORT',
        parse: wholeNumber({ min: 0, max: 65_535 }),
        default: '8080',
        en: 'The port the API listens on; `0` takes a free one, named by the `service.started` log line.',
        zh: '接口监听的端口；`0` 表示自动选用空闲端口，见日志中的 `service.started` 一行。',
      },
      apiRate: {
        name: 'API_RATE',
        parse: wholeNumber({ min: 1, max: 100_000 }),
        default: '200',
        en: 'Requests a second allowed to one API key, with bursts of twice that; beyond it the answer is 429.',
        zh: '每个 API 密钥每秒允许的请求数，突发上限为其两倍；超出时返回 429。',
      },
      trustProxy: {
        name: 'TRUST_PROXY',
        parse: networks(),
        default: '',
        en: 'CIDRs of the reverse proxies whose `X-Forwarded-For` is believed, separated by commas.',
        zh: '可信反向代理的网段（CIDR，以逗号分隔），只采信它们的 `X-Forwarded-For`。',
      },
      adminToken: {
        name: 'ADMIN_TOKEN',
        parse: secretWord({ min: 16 }),
        default: null,
        secret: true,
        en: 'Opens the console and `/v1/admin`, at least 16 characters; without it both answer 404.',
        zh: '管理台与 `/v1/admin` 的令牌，至少 16 个字符；未设置时两者均返回 404。',
      },
      metricsToken: {
        name: 'METRICS_TOKEN',
        parse: secretWord({ min: 1 }),
        default: null,
        secret: true,
        en: 'If set, `/metrics` asks for it as a bearer token.',
        zh: '设置后，访问 `/metrics` 须以 Bearer 令牌方式提供它。',
      },
    },
  },
  upstream: {
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
        en: 'Where GetResult is; `https:`, or `http:` to a literal loopback address.',
        zh: 'GetResult 的地址；须为 `https:`，仅回环地址可用 `http:`。',
      },
      method: {
        name: 'IHUYI_METHOD',
        parse: oneOf('POST', 'GET'),
        default: 'POST',
        en: 'How GetResult is called, `POST` or `GET`.',
        zh: '调用 GetResult 的方式，`POST` 或 `GET`。',
      },
      rate: {
        name: 'UPSTREAM_RATE',
        parse: rate({ max: 100_000 }),
        default: '5',
        en: 'The most GetResult calls a second for one account, over all nodes.',
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
        en: 'Whether test serials such as `test_success_3s`, `test_fail`, `test_notfound` and `test_expire_5s_MY-WORD` are answered here, without GetResult; their webhooks have `"sandbox": true`.',
        zh: '是否由本服务直接应答测试流水号（如 `test_success_3s`、`test_fail`、`test_notfound`、`test_expire_5s_MY-WORD`）而不调用 GetResult；其 webhook 带有 `"sandbox": true`。',
      },
    },
  },
  polling: {
    title: { en: 'Polling', zh: '轮询' },
    settings: {
      schedule: {
        name: 'POLL_SCHEDULE',
        parse: oneOf('learned', 'rule'),
        default: 'learned',
        en: '`learned`: by the rule of the three settings below until 200 checks of an account have finished, then at the ages at which its checks do finish, within the same bounds; `rule`: always by the rule. See docs/polling.md.',
        zh: '`learned`：每个账户在完成 200 次核验之前按下面三项的规则查询，之后按该账户核验实际完成的时间规律查询，间隔上下限不变；`rule`：始终按规则查询。详见 docs/polling.md。',
      },
      minMs: {
        name: 'POLL_MIN_INTERVAL',
        parse: duration({ min: 100, max: 24 * HOUR }),
        default: '5s',
        en: 'The shortest interval between two polls of a serial.',
        zh: '同一流水号两次查询的最短间隔。',
      },
      maxMs: {
        name: 'POLL_MAX_INTERVAL',
        parse: duration({ min: 100, max: 24 * HOUR }),
        default: '300s',
        en: 'The longest interval between two polls of a serial.',
        zh: '同一流水号两次查询的最长间隔。',
      },
      rampMs: {
        name: 'POLL_RAMP',
        parse: duration({ min: 1 * SECOND, max: 24 * HOUR }),
        default: '120s',
        en: 'The age up to which the shortest interval holds; after it the interval grows with the age.',
        zh: '在此时长内按最短间隔查询，之后间隔随时长增长。',
      },
      registrationTtlMs: {
        name: 'REGISTRATION_TTL',
        parse: duration({ min: 100, max: 400 * DAY }),
        default: '24h',
        en: 'How long a registration is waited for if it brings no `expiresAt`.',
        zh: '登记未带 `expiresAt` 时的等待期限。',
      },
      settleMarginMs: {
        name: 'SETTLE_MARGIN',
        parse: duration({ min: 0, max: 30 * DAY }),
        default: '10m',
        en: 'How much longer than `expiresAt` polling goes on before giving up.',
        zh: '超过 `expiresAt` 后再继续查询多久才放弃。',
      },
      notFoundGraceMs: {
        name: 'NOT_FOUND_GRACE',
        parse: duration({ min: 0, max: 30 * DAY }),
        default: '2h',
        en: 'How long after registration 4061 is taken for "not visible yet".',
        zh: '登记后多长时间内将 4061 视为“暂不可见”。',
      },
    },
  },
  callback: CALLBACK_SETTINGS,
  log: {
    title: { en: 'Log', zh: '日志' },
    settings: {
      level: {
        name: 'LOG_LEVEL',
        parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
        default: 'info',
        en: 'The least important lines still written; the log is JSON lines on stdout.',
        zh: '写出的最低日志级别；日志以 JSON 行写到标准输出。',
      },
    },
  },
} satisfies Record<string, SettingGroup>

type Groups = typeof SETTINGS
type Value<S> = S extends { parse: Parser<infer T>; default: infer D } ? (D extends null ? T | null : T) : never

/** What the settings say. Durations are milliseconds; a setting without a default is null where it is not set. */
export type Config = {
  readonly [G in keyof Groups]: { readonly [K in keyof Groups[G]['settings']]: Value<Groups[G]['settings'][K]> }
}

/** For whoever handles the groups and the settings alike. */
export const settingGroups: readonly [group: string, SettingGroup][] = Object.entries(SETTINGS)
