import { join } from 'node:path'
import { createAdminClient, createApiClient } from '../../support/api-client.ts'
import { openReceiver } from '../../support/receiver.ts'
import { type Environment, openFolder, serviceEnvironment, spawnService } from '../../support/service.ts'
import { openUpstreamSimulator } from '../../support/upstream.ts'

/** Texts that occur nowhere else, one in each place that must not be seen. */
export const MARKERS = {
  serial: '9182736455463728190serial',
  metadata: 'marker-metadata-5c1f',
  metadataKey: 'markerkey7d',
  message: '标记-认证信息-a41b',
  livingScore: '41.731905',
  similarity: '73.914206',
  path: 'marker-path-b8e2',
  query: 'marker-query-c907',
  excerpt: 'marker-excerpt-d413',
  upstreamKey: 'marker-upstream-key-e552',
  adminToken: 'marker-admin-token-that-is-long-enough-f683',
  metricsToken: 'marker-metrics-token-0a19',
} as const

const ACCOUNT = { apiId: 'canary-account', apiKey: MARKERS.upstreamKey }
export const VERDICT = {
  status: 'FAIL',
  message: MARKERS.message,
  livingScore: MARKERS.livingScore,
  similarity: MARKERS.similarity,
}

/** `serve` as a child at `LOG_LEVEL=trace` under umask 000, with a marker wherever something must not be seen. */
export const openCanaryScene = async (masterKey: string, overrides: Environment = {}) => {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder())
  const upstream = stack.use(await openUpstreamSimulator({ accounts: [ACCOUNT], now: Date.now }))
  const receiver = stack.use(await openReceiver({ secrets: [], now: Date.now }))
  const env = {
    ...serviceEnvironment({ folder: folder.path, upstreamUrl: upstream.url }),
    IHUYI_ACCOUNT: ACCOUNT.apiId,
    IHUYI_API_KEY: ACCOUNT.apiKey,
    ADMIN_TOKEN: MARKERS.adminToken,
    METRICS_TOKEN: MARKERS.metricsToken,
    MASTER_KEY: masterKey,
    LOG_LEVEL: 'trace',
    ...overrides,
  }
  const before = process.umask(0)
  const start = async () => stack.use(await spawnService(env, folder.path))
  const service = await start().finally(() => process.umask(before))
  const admin = createAdminClient(service.url, MARKERS.adminToken)
  const addPartner = async (name: string) => {
    const partner = await admin.createPartner(name)
    return { ...partner, api: createApiClient(service.url, partner.apiKey) }
  }
  return {
    folder: folder.path,
    databasePath: join(folder.path, 'notifier.db'),
    env,
    upstream,
    receiver,
    service,
    admin,
    addPartner,
    callbackUrl: receiver.urlFor(`/${MARKERS.path}?key=${MARKERS.query}`),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
