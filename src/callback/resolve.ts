import { Resolver } from 'node:dns/promises'
import { setNewest } from '../core/bounded-map.ts'
import { type Clock, within } from '../core/clock.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import { codeOf } from '../core/error.ts'

/**
 * All addresses of a name, 32 at most and not judged yet, or why there are none: `detail` is the DNS error's code, or
 * `too_many_addresses`.
 */
export type Resolution = { ok: true; addresses: readonly string[] } | { ok: false; detail: string }

export type NameResolver = ReturnType<typeof openNameResolver>

const POSITIVE_MS = MINUTE
const NEGATIVE_MS = 30 * SECOND
/** A name server in trouble says nothing about the name: short, so that the next attempt asks again. */
const TROUBLE_MS = 3 * SECOND
const MAX_NAMES = 5_000
/** More is no name of a receiver: the largest have a dozen. */
const MAX_ADDRESSES = 32

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
  /** Infinity while the query is under way. */
  until: number
}

const familyOf = async (asked: Promise<{ address: string; ttl: number }[]>): Promise<FamilyAnswer> => {
  try {
    const records = await asked
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
const gather = async (
  asked: readonly Promise<FamilyAnswer>[],
  clock: Pick<Clock, 'sleep'>,
): Promise<readonly FamilyAnswer[]> => {
  const answers: FamilyAnswer[] = []
  const all = Promise.all(asked.map(one => one.then(answer => answers.push(answer))))
  const found = Promise.any(asked.map(one => one.then(({ code }) => (code === null ? null : Promise.reject(code)))))
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
 * Resolves names by DNS alone: c-ares has no thread pool that slow name servers could fill, and reads no /etc/hosts, which
 * is about our own network. Remembers at most 5,000 names, for their TTL but at most a minute, and failures for 30 s.
 *
 * @param deps.servers name servers as `address` or `address:port`; the system's if missing
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
