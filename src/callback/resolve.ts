import { Resolver } from 'node:dns/promises'
import type { Clock } from '../core/clock.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import { codeOf } from '../core/error.ts'

/**
 * All addresses of a name, 32 at most and not judged yet, or why there are none: `detail` is the DNS error's code, or
 * `too_many_addresses`. The same answer is the same array.
 */
export type Resolution = { ok: true; addresses: readonly string[] } | { ok: false; detail: string }

export interface NameResolver {
  /** Never rejects. Calls for the same name share one query. */
  resolve(name: string): Promise<Resolution>
  close(): void
}

const POSITIVE_MS = MINUTE
const NEGATIVE_MS = 30 * SECOND
/** A name server in trouble says nothing about the name: short, so that the next attempt asks again. */
const TROUBLE_MS = 3 * SECOND
const MAX_NAMES = 10_000
/** More is no name of a receiver: the largest have a dozen. */
const MAX_ADDRESSES = 32
/** Of all names that are remembered, together. */
const MAX_REMEMBERED_ADDRESSES = 50_000

/** c-ares waits longer with each try, and for each server in turn; this ends it in any case. */
const LIMIT_MS = 3 * SECOND
/** Once one family has answered, the other gets this long. */
const OTHER_FAMILY_MS = 300

const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA'])

interface FamilyAnswer {
  addresses: string[]
  ttlMs: number
  /** Null when there are addresses. */
  code: string | null
}

interface Known {
  resolution: Promise<Resolution>
  addresses: number
  /** Infinity while the query is under way. */
  until: number
}

const askFamily = async (ask: () => Promise<{ address: string; ttl: number }[]>): Promise<FamilyAnswer> => {
  try {
    const records = await ask()
    if (records.length === 0) return { addresses: [], ttlMs: 0, code: 'ENODATA' }
    return {
      addresses: records.map(({ address }) => address),
      ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * SECOND,
      code: null,
    }
  } catch (error) {
    return { addresses: [], ttlMs: 0, code: String(codeOf(error) ?? 'EFAIL') }
  }
}

/** Waits for both families: not long for the second once the first has answered, and for neither beyond the limit. */
const gather = (asked: readonly Promise<FamilyAnswer>[], sleep: Clock['sleep']): Promise<FamilyAnswer[]> =>
  new Promise(resolve => {
    const answers: FamilyAnswer[] = []
    const ended = new AbortController()
    const finish = () => {
      ended.abort()
      resolve(answers)
    }
    const finishIn = (ms: number) => void sleep(ms, ended.signal).then(finish, finish)
    finishIn(LIMIT_MS)
    for (const one of asked) {
      void one.then(answer => {
        answers.push(answer)
        if (answers.length === asked.length) finish()
        else if (answer.code === null) finishIn(OTHER_FAMILY_MS)
      })
    }
  })

const combine = (answers: readonly FamilyAnswer[]): { resolution: Resolution; keepMs: number } => {
  const found = answers.filter(answer => answer.code === null)
  if (found.length > 0) {
    const addresses = found.flatMap(answer => answer.addresses)
    if (addresses.length > MAX_ADDRESSES)
      return { resolution: { ok: false, detail: 'too_many_addresses' }, keepMs: NEGATIVE_MS }
    const ttlMs = Math.min(...found.map(answer => answer.ttlMs))
    return { resolution: { ok: true, addresses }, keepMs: Math.min(ttlMs, POSITIVE_MS) }
  }
  const codes = answers.map(answer => answer.code ?? '')
  const trouble = codes.find(code => !NO_SUCH_NAME.has(code))
  const isSettled = answers.length === 2 && trouble === undefined
  return {
    resolution: { ok: false, detail: trouble ?? codes[0] ?? 'ETIMEOUT' },
    keepMs: isSettled ? NEGATIVE_MS : TROUBLE_MS,
  }
}

/**
 * Resolves names by DNS alone: c-ares has no thread pool that slow name servers could fill, and reads no /etc/hosts, which
 * is about our own network. Remembers at most 10,000 names with 50,000 addresses, for their TTL but at most a minute, and
 * failures for 30 s.
 *
 * @param deps.servers name servers as `address` or `address:port`; the system's if missing
 */
export const openNameResolver = (deps: {
  servers?: readonly string[]
  clock: Pick<Clock, 'monotonic' | 'sleep'>
}): NameResolver => {
  const { monotonic: now, sleep } = deps.clock
  const dns = new Resolver({ timeout: SECOND, tries: 2 })
  if (deps.servers) dns.setServers(deps.servers)
  const known = new Map<string, Known>()
  /** Of all that are known. */
  let addresses = 0

  const query = async (name: string): Promise<{ resolution: Resolution; keepMs: number }> =>
    combine(
      await gather(
        [askFamily(() => dns.resolve4(name, { ttl: true })), askFamily(() => dns.resolve6(name, { ttl: true }))],
        sleep,
      ),
    )

  const forget = (name: string) => {
    addresses -= known.get(name)?.addresses ?? 0
    known.delete(name)
  }
  const dropOldest = () => {
    const oldest = known.keys().next()
    if (!oldest.done) forget(oldest.value)
  }
  const remember = (entry: Known, { resolution, keepMs }: { resolution: Resolution; keepMs: number }) => {
    entry.until = now() + keepMs
    entry.addresses = resolution.ok ? resolution.addresses.length : 0
    addresses += entry.addresses
    while (addresses > MAX_REMEMBERED_ADDRESSES) dropOldest()
  }

  return {
    resolve: name => {
      const entry = known.get(name)
      if (entry && now() < entry.until) return entry.resolution
      forget(name)
      if (known.size >= MAX_NAMES) dropOldest()
      const resolution = query(name).then(answer => {
        // Unless it was dropped meanwhile.
        if (known.get(name) === fresh) remember(fresh, answer)
        return answer.resolution
      })
      const fresh: Known = { resolution, addresses: 0, until: Number.POSITIVE_INFINITY }
      known.set(name, fresh)
      return resolution
    },
    close: () => dns.cancel(),
  }
}
