import { isIP, type LookupFunction, type Socket } from 'node:net'
import { judgeAddress, type Networks } from '../core/address.ts'
import { setNewest } from '../core/bounded-map.ts'
import { type CallbackUrl, judgeUrl, type UrlPolicy, type UrlVerdict } from '../core/callback-url.ts'
import type { Connect } from '../http-client/client.ts'
import { SendError } from './failure.ts'
import type { NameResolver } from './resolve.ts'
import { openTunnel } from './tunnel.ts'

const MAX_GOOD_URLS = 2_000
/** Maximum number of addresses tried in turn, and timeout of each but the last: in all well below the connect limit. */
const MAX_CANDIDATES = 4
const CANDIDATE_MS = 300

/** Returns a judge that caches good URLs, as judging is pure and the policy constant. The oldest are dropped first. */
export const createUrlJudge = (policy: UrlPolicy): ((text: unknown) => UrlVerdict) => {
  const good = new Map<string, UrlVerdict>()
  return text => {
    if (typeof text !== 'string') return judgeUrl(text, policy)
    const known = good.get(text)
    if (known) return known
    const verdict = judgeUrl(text, policy)
    if (!verdict.ok) return verdict
    setNewest(good, MAX_GOOD_URLS, [text, verdict])
    return verdict
  }
}

/** IPv4 first: a receiver with a broken IPv6, which often goes unnoticed there, is reached without delay. */
const candidatesOf = (addresses: readonly string[]): string[] => {
  const ofFamily = (family: number) => addresses.filter(address => isIP(address) === family)
  const [v4, v6] = [ofFamily(4), ofFamily(6)]
  return v4
    .flatMap((address, at) => [address, ...v6.slice(at, at + 1)])
    .concat(v6.slice(v4.length))
    .slice(0, MAX_CANDIDATES)
}

/** Returns a lookup function that yields the judged addresses: a second lookup could return others. */
const pin =
  (addresses: readonly string[]): LookupFunction =>
  (_name, options, done) => {
    const list = addresses.map(address => ({ address, family: isIP(address) }))
    const [first] = list
    if (options.all || !first) done(null, list)
    else done(null, first.address, first.family)
  }

/**
 * Connects to a callback's host, and never to a blocked address. Rejects with a `SendError` or an error of net.
 *
 * @param deps.proxy an egress proxy; its own address is not judged, but its targets are
 */
export const createGuardedConnect = (deps: {
  allowed: Networks
  resolver: Pick<NameResolver, 'resolve'>
  proxy: URL | null
}) => {
  const { allowed, resolver, proxy } = deps

  const isInside = (address: string): boolean => allowed.contains(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
  /**
   * Whether all addresses seen so far are inside. False is final: otherwise the owner of a name could choose which
   * errors we disclose about which address.
   */
  const insides = new WeakMap<CallbackUrl, boolean>()

  const refusalOf = (address: string): SendError | null => {
    const verdict = judgeAddress(address, allowed)
    return verdict.ok ? null : new SendError('blocked', verdict.refusal)
  }

  /** Returns the judged addresses in the order of trying. One bad address refuses the name: no honest name has both. */
  const candidatesFor = async (url: CallbackUrl): Promise<readonly string[]> => {
    const { hostname, isLiteral } = url
    const resolution = isLiteral ? { ok: true as const, addresses: [hostname] } : await resolver.resolve(hostname)
    if (!resolution.ok) throw new SendError('dns', resolution.detail)
    const { addresses } = resolution
    for (const address of addresses) {
      const refusal = refusalOf(address)
      if (refusal) throw refusal
    }
    insides.set(url, (insides.get(url) ?? true) && addresses.every(isInside))
    return candidatesOf(addresses)
  }

  /** Judges the peer's address before a byte is written. */
  const judgedPeer = (socket: Socket): Socket => {
    const refusal = refusalOf(socket.remoteAddress ?? '')
    if (!refusal) return socket
    socket.destroy()
    throw refusal
  }

  const connect: Connect<CallbackUrl> = async (url, { signal, onProxy, openTcp }) => {
    const candidates = await candidatesFor(url)
    signal.throwIfAborted()
    if (proxy) {
      // The judged address, not the name: the proxy would resolve it again, perhaps to another address.
      const [address = ''] = candidates
      const authority = `${isIP(address) === 6 ? `[${address}]` : address}:${url.port}`
      onProxy(address)
      return openTunnel(proxy, authority, signal)
    }
    return judgedPeer(
      await openTcp({
        lookup: pin(candidates),
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: CANDIDATE_MS,
      }),
    )
  }

  return {
    connect,
    /** Returns whether the URL has led only to the operator's own networks; false if it has led to no address yet. */
    leadsInside: (url: CallbackUrl): boolean => (url.isLiteral ? isInside(url.hostname) : (insides.get(url) ?? false)),
  }
}
