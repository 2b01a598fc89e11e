import { MINUTE, SECOND } from '../core/duration.ts'
import type { Failure } from './failure.ts'

/** Told when the egress proxy begins to fail, and when it works again. */
export interface ProxyListener {
  /** `hosts`: so many have failed since it last opened a connection. */
  failing(failure: { error: string; hosts: number }): void
  back(): void
}

export interface ProxyWatch {
  /** The proxy has opened a connection to this host. */
  opened(host: string): void
  /** It has not. Returns whose failure it was: `proxy` the receiver's, `proxy_down` our own. */
  failed(host: string, failure: Failure): Failure
}

/** A failure is its receiver's only if another host was served since then: longer than a message waits for its next try. */
const SERVED_MS = 2 * MINUTE
/** Hosts that are remembered as failing; the one that has failed longest is forgotten first. */
const MOST_HOSTS = 1_000
/** Failures in a row that may be of receivers are told after this: of several hosts soon, of one only when it goes on. */
const TOLD = { failures: 3, ofSeveralMs: 2 * SECOND, ofOneMs: MINUTE }
/** A proxy that fails now and then is told no more often than this. */
const TELL_EVERY_MS = MINUTE

/**
 * Tells a receiver that is down from a proxy that is broken. Where a proxy answers 502, 504, or nothing at all, either may be to
 * blame. It is the receiver only if the proxy has opened a connection to another host, lately, and since this one began to fail: so an
 * outage of the proxy uses up nobody's retries, and while nobody else is served, a receiver is tried on and on.
 *
 * @param now monotonic ms
 */
export const createProxyWatch = (now: () => number, listener: ProxyListener): ProxyWatch => {
  /** The host served last, and the last one before it that was another. */
  let served: readonly { host: string; at: number }[] = []
  const failingSince = new Map<string, number>()
  /** What has failed since the proxy last opened a connection. */
  let run = { failures: 0, since: 0, hosts: new Set<string>() }
  let isTold = false
  let toldAt = Number.NEGATIVE_INFINITY

  /** Where so many fail that some are forgotten, a host that is not known may have failed for long. */
  const since = (host: string, at: number): number => {
    const known = failingSince.get(host)
    if (known !== undefined) return known
    const [oldest] = failingSince.size >= MOST_HOSTS ? failingSince.keys() : []
    if (oldest !== undefined) failingSince.delete(oldest)
    failingSince.set(host, at)
    return oldest === undefined ? at : Number.NEGATIVE_INFINITY
  }

  const addToRun = (host: string, at: number) => {
    if (run.failures === 0) run.since = at
    run.failures++
    if (run.hosts.size < MOST_HOSTS) run.hosts.add(host)
  }

  const isWorthTelling = (at: number): boolean => {
    const ms = at - run.since
    return run.failures >= TOLD.failures && ms >= (run.hosts.size > 1 ? TOLD.ofSeveralMs : TOLD.ofOneMs)
  }

  return {
    opened: host => {
      const at = now()
      served = [{ host, at }, ...served.filter(other => other.host !== host)].slice(0, 2)
      failingSince.delete(host)
      run = { failures: 0, since: 0, hosts: new Set() }
      if (isTold) listener.back()
      isTold = false
    },
    failed: (host, failure) => {
      const at = now()
      const began = since(host, at)
      const servedAt = served.find(other => other.host !== host)?.at ?? Number.NEGATIVE_INFINITY
      if (failure.error === 'proxy' && servedAt > began && at - servedAt <= SERVED_MS) return failure
      addToRun(host, at)
      const isCertain = failure.error === 'proxy_down'
      if (!isTold && at - toldAt >= TELL_EVERY_MS && (isCertain || isWorthTelling(at))) {
        isTold = true
        toldAt = at
        listener.failing({ error: failure.detail ?? 'failed', hosts: run.hosts.size })
      }
      return { error: 'proxy_down', detail: failure.detail }
    },
  }
}
