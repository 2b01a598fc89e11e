import { DAY, SECOND } from '../core/duration.ts'
import { NODE_ROLES } from '../core/node.ts'
import {
  duration,
  enumOf,
  host,
  matching,
  networks,
  secretKey,
  secretWord,
  someOf,
  timeOfDay,
  wholeNumber,
} from './parsers.ts'
import { nodeSetting, type SettingGroup, setting } from './setting.ts'
import { collectorUrl, consoleUrl, databaseUrl, operatorUrl } from './url-parsers.ts'

export const STORAGE = {
  title: { en: 'Storage', zh: '存储' },
  settings: {
    database: nodeSetting('DATABASE_URL', databaseUrl, 'file:data/notifier.db', {
      secret: true,
      en: '`file:PATH` for SQLite (one node), or `postgres://USER:PASSWORD@HOST/NAME` (several nodes); with `?sslmode=verify-full` over TLS, with `&sslrootcert=FILE` trusting an authority of your own.',
      zh: '`file:路径` 使用 SQLite（单节点）；`postgres://用户:密码@主机/库名` 使用 PostgreSQL（多节点）；加 `?sslmode=verify-full` 则使用 TLS，再加 `&sslrootcert=文件` 可信任自建的证书机构。',
    }),
    masterKey: setting('MASTER_KEY', secretKey, null, {
      secret: true,
      en: '32 bytes in base64; encrypts signing secrets and upstream keys at rest. If it is missing with SQLite, one is generated beside the database; PostgreSQL requires it.',
      zh: '32 字节的 base64，用于加密保存签名密钥与上游密钥。使用 SQLite 时若未设置，会在数据库旁自动生成；使用 PostgreSQL 时必须设置。',
    }),
    previousMasterKey: setting('MASTER_KEY_PREVIOUS', secretKey, null, {
      secret: true,
      en: 'The key before `MASTER_KEY`; needed until `rekey` has moved everything to the new one.',
      zh: '更换 `MASTER_KEY` 之前的旧密钥；在 `rekey` 把全部数据迁移到新密钥之前需要保留。',
    }),
    retentionMs: setting('RETENTION', duration({ min: 1 * SECOND, max: 3_650 * DAY }), '30d', {
      en: 'How long a finished registration is kept before it is erased with its messages and attempts.',
      zh: '已结束的登记保留多久；到期后连同其消息和投递记录一并删除。',
    }),
  },
} satisfies SettingGroup

export const NODE = {
  title: { en: 'This node', zh: '本节点' },
  settings: {
    roles: nodeSetting('ROLES', someOf(NODE_ROLES), NODE_ROLES.join(','), {
      en: 'What this process does, separated by commas: `api` serves partners and operators, `poll` polls GetResult, `deliver` sends webhooks and does the work in the background. The nodes of a database need all of them together.',
      zh: '本进程承担的工作，以逗号分隔：`api` 为合作方和运维人员提供接口，`poll` 查询上游，`deliver` 投递回调并执行后台工作。同一数据库的各节点合起来须包含全部三项。',
    }),
  },
} satisfies SettingGroup

const LABEL = matching(/^\P{C}{1,40}$/u, { en: 'must be up to 40 visible characters', zh: '须为可见字符，最多 40 个' })

export const SERVER = {
  title: { en: 'API', zh: '接口' },
  settings: {
    host: nodeSetting('HOST', host, '127.0.0.1', { en: 'The address the API listens on.', zh: '接口监听的地址。' }),
    port: nodeSetting('PORT', wholeNumber({ min: 0, max: 65_535 }), '8080', {
      en: 'The port the API listens on; `0` takes a free one, named by the `listening` log line.',
      zh: '接口监听的端口；`0` 表示自动选用空闲端口，见日志中的 `listening` 一行。',
    }),
    apiRate: setting('API_RATE', wholeNumber({ min: 1, max: 100_000 }), '200', {
      en: 'Requests a second allowed to one API key, or one operator’s token, with bursts of twice that; beyond it the answer is 429. Several nodes together allow twice as much at most.',
      zh: '每个 API 密钥或运维令牌每秒允许的请求数，突发上限为其两倍；超出时返回 429。多个节点合计最多为上述值的两倍。',
    }),
    registrationRate: setting('REGISTRATION_RATE', wholeNumber({ min: 1, max: 100_000 }), '200', {
      en: 'Registrations a second allowed to one partner, singly or in batches, with bursts of ten times that (at least 1,000); beyond it the answer is 429, and nothing of the request is accepted. Several nodes together allow twice as much at most.',
      zh: '每个合作方每秒允许的登记数（单个与批量合计），突发上限为其十倍（至少 1,000）；超出时返回 429，该请求中的登记一个也不受理。多个节点合计最多为上述值的两倍。',
    }),
    trustProxy: nodeSetting('TRUST_PROXY', networks(), '', {
      en: 'CIDRs of the reverse proxies whose `X-Forwarded-For` is trusted, and `-Proto`, `-Host` and `-Prefix` for the examples under `/docs`; separated by commas.',
      zh: '可信反向代理的网段（CIDR，以逗号分隔），只采信它们的 `X-Forwarded-For`，以及用于 `/docs` 示例的 `-Proto`、`-Host` 和 `-Prefix`。',
    }),
    adminToken: setting('ADMIN_TOKEN', secretWord({ min: 32 }), null, {
      secret: true,
      en: 'Opens `/console` and `/v1/admin`, at least 32 characters, with the role `admin`. Without it both answer 404, except to partners (console) and tokens made by `admin-token create`.',
      zh: '`/console` 和 `/v1/admin` 的令牌，至少 32 个字符，角色为 `admin`。未设置时两者都返回 404，仅合作方（控制台）和 `admin-token create` 创建的令牌可用。',
    }),
    metricsToken: setting('METRICS_TOKEN', secretWord({ min: 1 }), null, {
      secret: true,
      en: 'If set, `/metrics` requires it as a bearer token.',
      zh: '设置后，访问 `/metrics` 须以 Bearer 令牌方式提供它。',
    }),
    consoleLabel: setting('CONSOLE_LABEL', LABEL, null, {
      en: 'Shown in the header and the title of every page of the console, such as `staging`, to tell services apart.',
      zh: '显示在控制台每个页面的页眉和标题中的环境名称，例如 `staging`，以免把环境弄混。',
    }),
  },
} satisfies SettingGroup

export const OPERATOR = {
  title: { en: 'Telling operators', zh: '运维通知' },
  settings: {
    url: setting('OPERATOR_URL', operatorUrl, null, {
      secret: true,
      en: 'The robot of a chat (WeCom, DingTalk, Feishu, Lark, Slack, known by the host), or any other URL for Standard Webhooks, that notices to operators are sent to; `notify-test` tries it.',
      zh: '群机器人的 webhook 地址（企业微信、钉钉、飞书、Lark、Slack，按主机名识别），或任意接收 Standard Webhooks 的地址；运维告警发往该地址，可用 `notify-test` 试发。',
    }),
    secret: setting('OPERATOR_SECRET', secretWord({ min: 1 }), null, {
      secret: true,
      en: 'Signs what goes to `OPERATOR_URL`: the secret that DingTalk or Feishu shows for signatures, or `whsec_` and the base64 of 24 to 64 bytes for webhooks. WeCom and Slack need none.',
      zh: '用于对发往 `OPERATOR_URL` 的内容签名：钉钉“加签”或飞书“签名校验”的密钥；若为 webhook，则为 `whsec_` 加 24 至 64 字节的 base64。企业微信与 Slack 不需要。',
    }),
    language: setting('OPERATOR_LANGUAGE', enumOf(['en', 'zh']), 'en', {
      en: 'The language of notices to operators, `en` or `zh`; with a robot of WeCom, DingTalk or Feishu `zh` unless it is set.',
      zh: '运维通知的语言，`en` 或 `zh`；使用企业微信、钉钉或飞书机器人且未设置时为 `zh`。',
    }),
    daily: setting('OPERATOR_DAILY', timeOfDay, null, {
      en: 'The time of the day, such as `09:00`, at which a report about the day before is sent to `OPERATOR_URL`: UTC, or Beijing time if notices are Chinese.',
      zh: '每天向 `OPERATOR_URL` 发送前一天简报的时刻，例如 `09:00`；通知为中文时是北京时间，否则是 UTC。',
    }),
    consoleUrl: setting('CONSOLE_URL', consoleUrl, null, {
      en: 'The address of the console, such as `https://notifier.example/console`: notices to operators then link to the page of the console that fixes their cause.',
      zh: '控制台的地址，例如 `https://notifier.example/console`；设置后，运维通知中会附上处理该事项的控制台页面链接。',
    }),
  },
} satisfies SettingGroup

export const LOG = {
  title: { en: 'Log', zh: '日志' },
  settings: {
    level: nodeSetting('LOG_LEVEL', enumOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info', {
      en: 'The lowest level that is written; the log is JSON lines on stdout.',
      zh: '写出的最低日志级别；日志以 JSON 行写到标准输出。',
    }),
  },
} satisfies SettingGroup

/** OpenTelemetry's other variables are its SDK's: it reads those of the resource and of the exporter itself. */
export const TRACES = {
  title: { en: 'Traces', zh: '链路追踪' },
  settings: {
    endpoint: nodeSetting('OTEL_EXPORTER_OTLP_ENDPOINT', collectorUrl, null, {
      en: 'The OpenTelemetry collector that spans are sent to (OTLP over HTTP, JSON), such as `http://127.0.0.1:4318`; `/v1/traces` is added. Without it there are no traces.',
      zh: '接收链路数据的 OpenTelemetry 收集器（OTLP/HTTP，JSON），例如 `http://127.0.0.1:4318`，会自动加上 `/v1/traces`；未设置则不产生链路数据。',
    }),
  },
} satisfies SettingGroup
