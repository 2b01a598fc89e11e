import { DAY, SECOND } from '../../core/duration.ts'
import { duration, durationList, flag, networks, sources, wholeNumber } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'
import { proxyUrl } from '../url-parsers.ts'

export const CALLBACK = {
  title: { en: 'Callbacks', zh: '回调' },
  settings: {
    retryScheduleMs: {
      name: 'RETRY_SCHEDULE',
      parse: durationList({ min: 0, max: 30 * DAY, most: 50 }),
      default: '5s,5m,30m,2h,5h,10h,14h,20h,24h',
      en: 'The delays between attempts, each ±20 %; one entry for each retry, 50 at most.',
      zh: '各次投递之间的等待时间（±20 % 抖动）；条目数即重试次数，最多 50 条。',
    },
    timeoutMs: {
      name: 'CALLBACK_TIMEOUT',
      parse: duration({ min: 100, max: 45 * SECOND }),
      default: '15s',
      en: 'The time limit of one attempt: DNS, connection, headers and body together.',
      zh: '单次投递的总时限（DNS、连接、响应头与响应体合计）。',
    },
    concurrency: {
      name: 'CALLBACK_CONCURRENCY',
      parse: wholeNumber({ min: 1, max: 10_000 }),
      default: '256',
      en: 'The most attempts in flight on one node.',
      zh: '每个节点同时进行的投递上限。',
    },
    concurrencyPerHost: {
      name: 'CALLBACK_CONCURRENCY_PER_HOST',
      parse: wholeNumber({ min: 1, max: 10_000 }),
      default: '16',
      en: 'The most attempts in flight to one host on one node.',
      zh: '每个节点对同一主机同时进行的投递上限。',
    },
    allowHttp: {
      name: 'CALLBACK_ALLOW_HTTP',
      parse: flag,
      default: 'false',
      en: 'Whether `http:` callback URLs are accepted.',
      zh: '是否接受 `http:` 的回调地址。',
    },
    allowNetworks: {
      name: 'CALLBACK_ALLOW_NETWORKS',
      parse: networks({ ipv4: 8, ipv6: 7 }),
      default: '',
      en: 'CIDRs that callbacks may reach although they are not public, such as `127.0.0.0/8,::1/128`.',
      zh: '允许回调访问的非公网网段（CIDR），例如 `127.0.0.0/8,::1/128`。',
    },
    sources: {
      name: 'CALLBACK_SOURCES',
      parse: sources,
      default: '',
      en: 'The addresses and CIDRs that webhooks come from, such as `203.0.113.7,2001:db8::/64`, for the firewalls of partners: `/docs/webhooks` shows them.',
      zh: '回调请求的来源 IP 地址或网段（CIDR），例如 `203.0.113.7,2001:db8::/64`，显示在 `/docs/webhooks` 中，供合作方配置防火墙。',
    },
    proxy: {
      name: 'CALLBACK_PROXY',
      parse: proxyUrl,
      default: null,
      secret: true,
      en: 'An egress proxy for callbacks, such as `http://proxy.internal:3128`.',
      zh: '回调使用的出口代理，例如 `http://proxy.internal:3128`。',
    },
  },
} satisfies SettingGroup
