import { Resolver } from 'node:dns/promises'
import { setNewest } from '../core/bounded-map.ts'
import { type Clock, within } from '../core/clock.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import { codeOf } from '../core/error.ts'

/**
 * Up to 32 addresses of a name, not judged yet, or the reason for having none: `detail` is the DNS error code or
 * `too_many_addresses`.
 */
export type Resolution = { ok: true; addresses: readonly string[] } | { ok: false; detail: string }

export type NameResolver = ReturnType<typeof openNameResolver>

const POSITIVE_MS = MINUTE
const NEGATIVE_MS = 30 * SECOND
/** A failing name server says nothing about the name: short, so that the next attempt queries again. */
const TROUBLE_MS = 3 * SECOND
const MAX_NAMES = 5_000
/** No receiver has more: the largest have a dozen. */
const MAX_ADDRESSES = 32

/** Time limit of a query. c-ares waits longer with each try, and for each server in turn. */
const LIMIT_MS = 3 * SECOND
/** How long the second address family may take after the first has found addresses. */
const OTHER_FAMILY_MS = 300

const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA'])

interface FamilyAnswer {
  addresses: string[]
  ttlMs: number
  /** Null if `addresses` is not empty. */
  code: string | null
}

interface Known {
  resolution: Promise<Resolution>
  /** Infinity while the query is under way. */
  until: number
}

const familyOf = async (queries: Promise<{ address: string; ttl: number }[]>): Promise<FamilyAnswer> => {
  try {
    const records = await queries
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

/**
 * Waits for both address families: once one has found addresses, `OTHER_FAMILY_MS` for the other; `LIMIT_MS` in all.
 */
const gather = async (
  queries: readonly Promise<FamilyAnswer>[],
  clock: Pick<Clock, 'sleep'>,
): Promise<readonly FamilyAnswer[]> => {
  const answers: FamilyAnswer[] = []
  const all = Promise.all(queries.map(one => one.then(answer => answers.push(answer))))
  const found = Promise.any(queries.map(one => one.then(({ code }) => (code === null ? null : Promise.reject(code)))))
  const foundOrAll = found.then(
    () => within(clock, OTHER_FAMILY_MS, all),
    () => all,
  )
  await within(clock, LIMIT_MS, foundOrAll)
  return answers
}

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
 * Resolves names by DNS only: c-ares has no thread pool that slow name servers could fill, and does not read
 * /etc/hosts, which describes our own network. Caches up to 5,000 names: addresses for their TTL, at most a minute;
 * failures for 30 s, or 3 s if the name server failed.
 *
 * @param deps.servers name servers as `address` or `address:port`; the system's by default
 */
export const openNameResolver = (deps: { servers?: readonly string[]; clock: Pick<Clock, 'monotonic' | 'sleep'> }) => {
  const { monotonic: now } = deps.clock
  const dns = new Resolver({ timeout: SECOND, tries: 2 })
  if (deps.servers) dns.setServers(deps.servers)
  const known = new Map<string, Known>()

  const query = async (name: string): Promise<{ resolution: Resolution; keepMs: number }> => {
    const families = [dns.resolve4(name, { ttl: true }), dns.resolve6(name, { ttl: true })]
    return combine(await gather(families.map(familyOf), deps.clock))
  }

  return {
    /** Never rejects. Calls for the same name share one query. */
    resolve: (name: string): Promise<Resolution> => {
      const entry = known.get(name)
      if (entry && now() < entry.until) return entry.resolution
      const fresh: Known = {
        resolution: query(name).then(({ resolution, keepMs }) => {
          fresh.until = now() + keepMs
          return resolution
        }),
        until: Number.POSITIVE_INFINITY,
      }
      setNewest(known, MAX_NAMES, [name, fresh])
      return fresh.resolution
    },
    close: () => dns.cancel(),
  }
}
