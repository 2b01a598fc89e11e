import { createNetworks } from '../core/address.ts'
import { createProbes, type MetricsDeps } from '../http/probes.ts'
import type { Tracer } from '../telemetry/traces/tracer.ts'
import { VERSION } from '../version.ts'
import { clock, createIds } from './clock-and-ids.ts'
import { openServer, type ServerRole } from './open-server.ts'
import type { Readiness } from './readiness.ts'
import type { RoleDeps } from './role.ts'

/** What a node without the role `api` serves: probes and metrics. */
export const openProbes = ({
  config: { server },
  readiness,
  tracer,
  metrics,
  rateShare,
  stopping,
  emit,
}: Pick<RoleDeps<'server', never>, 'config' | 'emit'> & {
  readiness: Readiness
  tracer: Tracer | null
  metrics: MetricsDeps['metrics']
  rateShare: () => number
  stopping: AbortController
}): Promise<ServerRole> => {
  const probes = createProbes({
    ready: readiness.checks,
    version: VERSION,
    metrics,
    rateShare,
    apiRate: server.apiRate,
    registrationRate: server.registrationRate,
    stopping: stopping.signal,
    metricsToken: server.metricsToken,
    trustedProxies: createNetworks(server.trustProxy),
    tracer,
    newId: createIds(),
    ...clock,
    emit,
  })
  return openServer(probes.fetch, { server, stopping })
}
