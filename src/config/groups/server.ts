import { host, networks, secretWord, wholeNumber } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'
import { publicUrl } from '../url-parsers.ts'

export const SERVER = {
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
      en: 'The port the API listens on; `0` takes a free one, named by the `listening` log line.',
      zh: '接口监听的端口；`0` 表示自动选用空闲端口，见日志中的 `listening` 一行。',
    },
    publicUrl: {
      name: 'PUBLIC_URL',
      parse: publicUrl,
      default: null,
      en: 'The address that partners call, such as `https://notifier.example.com`, for the examples under `/docs`. Without it they show the host of the request.',
      zh: '合作方调用本服务的地址，例如 `https://notifier.example.com`，用于 `/docs` 下的示例；未设置时使用请求中的主机名。',
    },
    apiRate: {
      name: 'API_RATE',
      parse: wholeNumber({ min: 1, max: 100_000 }),
      default: '200',
      en: 'Requests a second allowed to one API key, or one operator’s token, with bursts of twice that; beyond it the answer is 429. Several nodes together allow twice as much at most.',
      zh: '每个 API 密钥或运维令牌每秒允许的请求数，突发上限为其两倍；超出时返回 429。多个节点合计最多为上述值的两倍。',
    },
    registrationRate: {
      name: 'REGISTRATION_RATE',
      parse: wholeNumber({ min: 1, max: 100_000 }),
      default: '200',
      en: 'Registrations a second allowed to one partner, singly or in batches, with bursts of ten times that (at least 1,000); beyond it the answer is 429, and nothing of the request is taken. Several nodes together allow twice as much at most.',
      zh: '每个合作方每秒允许的登记数（单个与批量合计），突发上限为其十倍（至少 1,000）；超出时返回 429，该请求中的登记一个也不受理。多个节点合计最多为上述值的两倍。',
    },
    trustProxy: {
      name: 'TRUST_PROXY',
      parse: networks(),
      default: '',
      en: 'CIDRs of the reverse proxies whose `X-Forwarded-For` is believed, and `-Proto`, `-Host` and `-Prefix` for the examples under `/docs`; separated by commas.',
      zh: '可信反向代理的网段（CIDR，以逗号分隔），只采信它们的 `X-Forwarded-For`，以及用于 `/docs` 示例的 `-Proto`、`-Host` 和 `-Prefix`。',
    },
    adminToken: {
      name: 'ADMIN_TOKEN',
      parse: secretWord({ min: 32 }),
      default: null,
      secret: true,
      en: 'Opens the console and `/v1/admin`, at least 32 characters, with the role `admin`. Without it both answer 404, but to tokens made by `admin-token create`.',
      zh: '管理台与 `/v1/admin` 的令牌，至少 32 个字符，角色为 `admin`。未设置时两者均返回 404，仅 `admin-token create` 创建的令牌可用。',
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
} satisfies SettingGroup
