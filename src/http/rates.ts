import type { Config } from '../config/settings.ts'
import { SECOND } from '../core/duration.ts'
import { AppError } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import { MOST_OF_A_PAGE } from './json/pagination.ts'

export interface Rate {
  /** Tokens a second. */
  rate: number
  burst: number
}

/** Of one batch. */
export const MOST_IN_A_BATCH = 1_000
export const BATCH_BYTES = 1024 * 1024
/** In the answer of a lookup, which takes some 15 MB where each has the most metadata. */
export const MOST_LOOKUP_RESULTS = 5_000

const KIB = 1024
/** More than a registration takes with the longest URL and the most metadata, each Chinese character of it as six (`\uXXXX`). */
const BYTES_OF_A_REGISTRATION = 8 * KIB
/** To read, decrypt and write out 250 of the largest registrations takes 9 ms, and each event is signed with up to four secrets. */
const ITEMS_OF_A_REQUEST = 10
/** To look at so many in vain takes less than to give one of them. */
const SEEN_FOR_AN_ITEM = 10
/** What a page costs that holds so many registrations or events, and for which at most so many were looked at. */
export const itemsOf = (held: number, seen: number): number => Math.max(held, Math.ceil(seen / SEEN_FOR_AN_ITEM))

const MOST_BUCKETS = 10_000
/** The part of a token that rounding may lose. */
const TOLERANCE = 1e-9

type Take = Rate & { count?: number }

/**
 * A token bucket for each key. Takes a token, or `count` of them or none; `count` is at most the burst, and negative to give some
 * back. Says how many ms to wait; null: they were taken. All start anew where there would be more than `MOST_BUCKETS`.
 */
export const createBuckets = ({ now }: { now: () => number }) => {
  /** How many tokens were used, at a time in epoch ms. */
  const buckets = new Map<string, { used: number; at: number }>()
  return (key: string, { rate, burst, count = 1 }: Take): number | null => {
    const { used, at } = buckets.get(key) ?? { used: 0, at: 0 }
    // If the clock was set back, nothing is refilled, and time goes on from there.
    const left = Math.max(0, used - (Math.max(0, now() - at) * rate) / SECOND)
    const missing = left + count - burst
    const isRefused = missing > TOLERANCE && count > 0
    if (buckets.size >= MOST_BUCKETS && !buckets.has(key)) buckets.clear()
    buckets.set(key, { used: isRefused ? left : Math.max(0, left + count), at: now() })
    return isRefused ? Math.ceil(((missing - TOLERANCE) * SECOND) / rate) : null
  }
}

interface Limit extends Rate {
  /** What is said to whoever has to wait. */
  detail: Words
  /** It protects this node alone; all others hold for all nodes together. */
  ofNode?: true
}

/** Every rate of the API. */
const limitsOf = ({ apiRate, registrationRate }: Config['server']) => {
  const registrations = { rate: registrationRate, burst: Math.max(10 * registrationRate, MOST_IN_A_BATCH) }
  // To parse a MiB takes up to 130 ms of the event loop, so bodies are charged by their length, before they are parsed. These are as
  // many bytes as registrations may fill: whatever its registrations are, no partner waits for this.
  const bytes = {
    rate: Math.max(registrationRate * BYTES_OF_A_REGISTRATION, 64 * KIB),
    burst: Math.ceil(registrations.burst / MOST_IN_A_BATCH) * BATCH_BYTES,
  }
  const items = {
    rate: ITEMS_OF_A_REQUEST * apiRate,
    burst: Math.max(2 * ITEMS_OF_A_REQUEST * apiRate, MOST_OF_A_PAGE),
  }
  return {
    /** Of a key or a token. */
    requests: {
      rate: apiRate,
      burst: 2 * apiRate,
      detail: {
        en: `This key may make ${apiRate} requests a second, in bursts of twice that.`,
        zh: `该 API 密钥每秒最多 ${apiRate} 次请求，突发上限为其两倍。`,
      },
    },
    /** Of a partner whose serials upstream mostly does not know. */
    slowed: {
      rate: 1,
      burst: 2,
      ofNode: true,
      detail: {
        en: 'Your last serials look enumerated: for now you may make one request a second.',
        zh: '检测到疑似遍历流水号，已限流为每秒 1 次，约 10 分钟后恢复。',
      },
    },
    registrations: {
      ...registrations,
      detail: {
        en: `You may register ${registrationRate} serials a second, in bursts of ${registrations.burst}. Nothing of this request was taken.`,
        zh: `每秒最多登记 ${registrationRate} 个流水号，突发上限为 ${registrations.burst}。本次请求的内容均未受理。`,
      },
    },
    /** Of a partner's bodies. */
    bytes: {
      ...bytes,
      detail: {
        en: `Your bodies may have ${bytes.rate / KIB} KiB a second together, in bursts of ${bytes.burst / KIB} KiB. A chunk counts as 512 bytes at least. Nothing of this request was taken.`,
        zh: `请求体合计每秒最多 ${bytes.rate / KIB} KiB，突发上限为 ${bytes.burst / KIB} KiB；每个分块至少按 512 字节计算。本次请求的内容均未受理。`,
      },
    },
    /** Registrations and events in a partner's lists. */
    items: {
      ...items,
      detail: {
        en: `You may fetch ${items.rate} registrations and events a second, in bursts of ${items.burst}.`,
        zh: `每秒最多读取 ${items.rate} 条登记和事件，突发上限为 ${items.burst}。`,
      },
    },
    /** Of a partner: enough to try out a URL, and too few to probe many hosts of other people. */
    callbackTests: {
      rate: 1,
      burst: 10,
      detail: {
        en: 'You may test one callback a second, and ten at once.',
        zh: '每秒最多测试 1 次回调，突发上限为 10 次。',
      },
    },
    /** Of a registration. */
    resends: {
      rate: 10 / 60,
      burst: 10,
      detail: { en: 'A registration may be resent 10 times a minute.', zh: '每条登记每分钟最多重发 10 次。' },
    },
    /** Of a partner: each counts all that may have to be resent. */
    bulkResends: {
      rate: 10 / 60,
      burst: 10,
      detail: { en: 'You may begin ten bulk resends a minute.', zh: '每分钟最多发起 10 次批量重发。' },
    },
    /** Wrong keys and tokens of a network. */
    wrongKeys: {
      rate: 1,
      burst: 50,
      detail: {
        en: 'Too many calls with a wrong key have come from your address.',
        zh: '该 IP 地址使用错误密钥的请求过多。',
      },
    },
    /** Of a network: a page costs some ms. */
    metrics: {
      rate: 5,
      burst: 20,
      ofNode: true,
      detail: {
        en: 'Too many calls for the metrics have come from your address.',
        zh: '该 IP 地址的指标请求过多。',
      },
    },
    /** Of a network, for what needs no key: the documentation (a page takes seven, the search reads every page once), and the console before somebody signs in. Of a key or token, for what of the console the API does not count, or refuses. */
    documents: {
      rate: 20,
      burst: 300,
      ofNode: true,
      detail: {
        en: 'Too many pages or files have been asked for from your address, or with your key.',
        zh: '您的 IP 地址或密钥对页面和文件的请求过多。',
      },
    },
  } satisfies Record<string, Limit>
}

export type RateName = keyof ReturnType<typeof limitsOf>

export interface RateDeps {
  config: Pick<Config, 'server'>
  now: () => number
  /** The part of a rate that this node allows now. */
  rateShare: () => number
}

export interface Rates {
  limits: Readonly<Record<RateName, Limit>>
  /** Takes a token of the key's, or `count` of them or none. Throws `AppError('too_many_requests')` where it has too few. */
  take(name: RateName, key: string, count?: number): void
  /** Gives back tokens that were taken for nothing; less than none are taken, though the key has too few. */
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
      // What may be taken at once fits into the burst of a part of the rate, as it did into the whole one.
      const least = Math.min(burst, count)
      const retryAfterMs = buckets[name](key, { rate: rate * share, burst: Math.max(burst * share, least), count })
      if (retryAfterMs !== null) throw new AppError('too_many_requests', detail, { retryAfterMs })
    },
    give: (name, key, count) => {
      buckets[name](key, { rate: limits[name].rate * shareOf(name), burst: Number.POSITIVE_INFINITY, count: -count })
    },
  }
}
