import type { Config } from '../config/settings.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import { MAX_PAGE_SIZE } from './json/pagination.ts'

export interface Rate {
  /** Tokens a second. */
  rate: number
  burst: number
}

/** Maximum number of registrations in a batch. */
export const MAX_BATCH_SIZE = 1_000
export const BATCH_BYTES = 1024 * 1024
/** Maximum number of registrations in a lookup's response, which is about 15 MB if each has the most metadata. */
export const MAX_LOOKUP_RESULTS = 5_000

const KIB = 1024
/** Upper bound of a registration: the longest URL and the most metadata, all Chinese and escaped (`\uXXXX`). */
const BYTES_OF_A_REGISTRATION = 8 * KIB
/**
 * Items per request of `apiRate`. Reading, decrypting and writing out 250 of the largest registrations takes 9 ms, and
 * each event is signed with up to four secrets.
 */
const ITEMS_OF_A_REQUEST = 10
/** Scanned rows that cost as much as one item: scanning ten in vain takes less time than returning one. */
const SCANNED_PER_ITEM = 10
/** Scanned rows that cost as much as one whose metadata is decrypted too. */
export const SCANNED_PER_OPENED = 2.5
/** Returns the cost, in items, of a page with `held` registrations or events, of at most `seen` scanned. */
export const pageCost = (held: number, seen: number): number => Math.max(held, Math.ceil(seen / SCANNED_PER_ITEM))

const MAX_BUCKETS = 10_000
/** Part of a token that rounding may lose. */
const TOLERANCE = 1e-9

type Take = Rate & { count?: number }

/**
 * Token buckets, one per key. Takes `count` tokens (1 by default) or none; `count` is at most the burst, and negative
 * to give tokens back. Returns null if they were taken, or the ms to wait. At `MAX_BUCKETS`, a new key resets all.
 */
export const createBuckets = ({ now }: { now: () => number }) => {
  /** Tokens in use at the time `at` (epoch ms). */
  const buckets = new Map<string, { used: number; at: number }>()
  return (key: string, { rate, burst, count = 1 }: Take): number | null => {
    const { used, at } = buckets.get(key) ?? { used: 0, at: 0 }
    // After the clock was set back nothing is refilled, and time goes on from there.
    const left = Math.max(0, used - (Math.max(0, now() - at) * rate) / SECOND)
    const missing = left + count - burst
    const isRefused = missing > TOLERANCE && count > 0
    if (buckets.size >= MAX_BUCKETS && !buckets.has(key)) buckets.clear()
    buckets.set(key, { used: isRefused ? left : Math.max(0, left + count), at: now() })
    return isRefused ? Math.ceil(((missing - TOLERANCE) * SECOND) / rate) : null
  }
}

interface Limit extends Rate {
  /** Detail of the 429. */
  detail: Words
  /** The limit protects this node alone. All others hold for all nodes together. */
  ofNode?: true
}

/** Every rate of the API. */
const limitsOf = ({ apiRate, registrationRate }: Config['server']) => {
  const registrations = { rate: registrationRate, burst: Math.max(10 * registrationRate, MAX_BATCH_SIZE) }
  // Parsing a MiB takes up to 130 ms of the event loop, so bodies are charged by their length before they are parsed.
  // The rate fits the largest registrations at `registrationRate`, so that these alone never wait for it.
  const bytes = {
    rate: Math.max(registrationRate * BYTES_OF_A_REGISTRATION, 64 * KIB),
    burst: Math.ceil(registrations.burst / MAX_BATCH_SIZE) * BATCH_BYTES,
  }
  const items = {
    rate: ITEMS_OF_A_REQUEST * apiRate,
    burst: Math.max(2 * ITEMS_OF_A_REQUEST * apiRate, MAX_PAGE_SIZE),
  }
  return {
    /** Requests of a key or a token. */
    requests: {
      rate: apiRate,
      burst: 2 * apiRate,
      detail: {
        en: `This key may make ${apiRate} requests per second, in bursts of twice that.`,
        zh: `该 API 密钥每秒最多 ${apiRate} 次请求，突发上限为其两倍。`,
      },
    },
    /** Requests of a partner most of whose serials upstream does not know. */
    slowed: {
      rate: 1,
      burst: 2,
      ofNode: true,
      detail: {
        en: 'Your last serials look enumerated: for now you may make one request per second.',
        zh: '检测到疑似遍历流水号，已限流为每秒 1 次，约 10 分钟后恢复。',
      },
    },
    registrations: {
      ...registrations,
      detail: {
        en: `You may register ${registrationRate} serials a second, in bursts of ${registrations.burst}. Nothing of this request was accepted.`,
        zh: `每秒最多登记 ${registrationRate} 个流水号，突发上限为 ${registrations.burst}。本次请求的内容均未受理。`,
      },
    },
    /** Bytes of a partner's bodies. */
    bytes: {
      ...bytes,
      detail: {
        en: `Your bodies may have ${bytes.rate / KIB} KiB a second together, in bursts of ${bytes.burst / KIB} KiB. A chunk counts as 512 bytes at least. Nothing of this request was accepted.`,
        zh: `请求体合计每秒最多 ${bytes.rate / KIB} KiB，突发上限为 ${bytes.burst / KIB} KiB；每个分块至少按 512 字节计算。本次请求的内容均未受理。`,
      },
    },
    /** Registrations and events that a partner fetches or a search scans, also an operator's. */
    items: {
      ...items,
      detail: {
        en: `You may read ${items.rate} registrations and events a second, in bursts of ${items.burst}; ten that a search scans in vain count as one.`,
        zh: `每秒最多读取 ${items.rate} 条登记和事件，突发上限为 ${items.burst} 条；搜索时每扫描 10 条不匹配的计为 1 条。`,
      },
    },
    /** Tests of callbacks and contacts by a partner, and new contacts: enough to try a URL, too few to probe many hosts. */
    callbackTests: {
      rate: 1,
      burst: 10,
      detail: {
        en: 'You may test a callback or a contact, or set one, once a second, and ten times at once.',
        zh: '测试回调、测试或设置通知渠道，合计每秒最多 1 次，突发上限为 10 次。',
      },
    },
    /** Resends of a registration. */
    resends: {
      rate: 10 / 60,
      burst: 10,
      detail: { en: 'A registration may be resent 10 times a minute.', zh: '每条登记每分钟最多重发 10 次。' },
    },
    /** Bulk resends of a partner: each begins with a count of all messages to resend. */
    bulkResends: {
      rate: 10 / 60,
      burst: 10,
      detail: { en: 'You may begin ten bulk resends a minute.', zh: '每分钟最多发起 10 次批量重发。' },
    },
    /** Wrong keys and tokens from a network. */
    wrongKeys: {
      rate: 1,
      burst: 50,
      detail: {
        en: 'Too many calls with a wrong key came from your address.',
        zh: '该 IP 地址使用错误密钥的请求过多。',
      },
    },
    /** Metrics pages read from a network: a page costs some ms. */
    metrics: {
      rate: 5,
      burst: 20,
      ofNode: true,
      detail: { en: 'Too many requests for the metrics came from your address.', zh: '该 IP 地址的指标请求过多。' },
    },
    /**
     * Of a network: the documentation (a page takes seven requests, the search reads every page once), and the console
     * before sign-in. Of a key or token: console requests that make no API call, or a refused one.
     */
    documents: {
      rate: 20,
      burst: 300,
      ofNode: true,
      detail: {
        en: 'Too many requests for pages or files came from your address or with your key.',
        zh: '您的 IP 地址或密钥对页面和文件的请求过多。',
      },
    },
  } satisfies Record<string, Limit>
}

export type RateName = keyof ReturnType<typeof limitsOf>

export interface RateDeps {
  config: Pick<Config, 'server'>
  now: () => number
  /** Part of each rate that this node allows now. */
  rateShare: () => number
}

export interface Rates {
  limits: Readonly<Record<RateName, Limit>>
  /** Takes `count` tokens of the key. Takes none and throws `AppError('too_many_requests')` if it has too few. */
  take(name: RateName, key: string, count?: number): void
  /** Gives back unused tokens. A negative `count` takes tokens even if the key has too few. */
  give(name: RateName, key: string, count: number): void
}

/** Counts every rate of the API on this node. */
export const createRates = ({ now, rateShare, config }: RateDeps): Rates => {
  const limits: Rates['limits'] = limitsOf(config.server)
  const buckets = Object.fromEntries(Object.keys(limits).map(name => [name, createBuckets({ now })])) as Record<
    RateName,
    ReturnType<typeof createBuckets>
  >
  const shareOf = (name: RateName): number => (limits[name].ofNode ? 1 : rateShare())
  return {
    limits,
    take: (name, key, count = 1) => {
      const { rate, burst, detail } = limits[name]
      const share = shareOf(name)
      // A `count` that fits into the whole burst also fits into this node's part.
      const least = Math.min(burst, count)
      const retryAfterMs = buckets[name](key, { rate: rate * share, burst: Math.max(burst * share, least), count })
      if (retryAfterMs !== null) throw new AppError('too_many_requests', detail, { retryAfterMs })
    },
    give: (name, key, count) => {
      buckets[name](key, { rate: limits[name].rate * shareOf(name), burst: Number.POSITIVE_INFINITY, count: -count })
    },
  }
}
