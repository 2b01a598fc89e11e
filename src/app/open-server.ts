import type { Config } from '../config/settings.ts'
import { createNetworks } from '../core/address.ts'
import { within } from '../core/clock.ts'
import type { ProbeDeps } from '../http/api-env.ts'
import { listen } from '../http/listen.ts'
import { createProbes } from '../http/probes.ts'
import { VERSION } from '../version.ts'
import { clock, createIds } from './clock-and-ids.ts'
import { GRACE_MS, RECORD_MS, type Role, type RoleDeps } from './role.ts'

/**
 * Listens; rejects if it cannot. Stopping finishes the requests in flight, and refuses new ones while other roles still
 * have work in flight. Breaking off closes the port.
 * `stopping` is aborted when the stop begins.
 */
export const openServer = async (
  fetch: Parameters<typeof listen>[0],
  { server, stopping }: { server: Pick<Config['server'], 'host' | 'port'>; stopping: AbortController },
): Promise<Role & { url: string }> => {
  const listener = await listen(fetch, server)
  return {
    url: listener.url,
    stop: () => {
      stopping.abort()
      return within(clock, GRACE_MS, listener.drain())
    },
    // The end of the process ends the calls that are still open.
    breakOff: () => within(clock, RECORD_MS, listener.close()),
  }
}

export interface Serving
  extends Pick<RoleDeps, 'config' | 'emit'>,
    Pick<ProbeDeps, 'ready' | 'tracer' | 'metrics' | 'rateShare'> {
  stopping: AbortController
}

/** Dependencies that the probes and the API share. */
export const probesOf = ({ config, ready, tracer, metrics, rateShare, stopping, emit }: Serving) => ({
  config,
  ready,
  version: VERSION,
  metrics,
  rateShare,
  stopping: stopping.signal,
  trustedProxies: createNetworks(config.server.trustProxy),
  tracer,
  newId: createIds(),
  ...clock,
  emit,
})

/** Serves probes and metrics, on a node without the role `api`. */
export const openProbes = (serving: Serving) =>
  openServer(createProbes(probesOf(serving)).fetch, { server: serving.config.server, stopping: serving.stopping })
