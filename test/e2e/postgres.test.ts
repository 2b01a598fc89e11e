import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { noPooler, openPooler } from '../support/pgbouncer.ts'
import type { TestServer } from '../support/postgres.ts'
import { useServer } from '../support/postgres-server.ts'
import { runCli } from '../support/run-cli.ts'
import { ADMIN_TOKEN, type Environment, spawnService } from '../support/service.ts'
import { bodyOf, openScene } from './stage.ts'

vi.setConfig({ testTimeout: 120_000 })

const { server } = useServer()

let databases = 0

/** A scene whose nodes work on one database, and one partner. */
const openCluster = async (overrides: Environment = {}, { urlOf }: Pick<TestServer, 'urlOf'> = server) => {
  const name = `nodes_${++databases}`
  await server.createDatabase(name)
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(
    await openScene({
      DATABASE_URL: urlOf(name),
      MASTER_KEY: randomBytes(32).toString('base64'),
      UPSTREAM_TIMEOUT: '5s',
      CALLBACK_TIMEOUT: '5s',
      LOG_LEVEL: 'info',
      ...overrides,
    }),
  )
  const { env, folder, receiver } = scene
  const created = await runCli(['partner', 'create', 'first', '--json'], { cwd: folder, env })
  const partner = JSON.parse(created.stdout) as { partnerId: string; apiKey: string; signingSecret: string }
  receiver.trust([partner.signingSecret])
  const opened = stack.move()
  return {
    ...scene,
    partner,
    start: async (more: Environment = {}) => {
      const node = opened.use(await spawnService({ ...env, ...more }, folder))
      const { url } = node
      return { ...node, api: createApiClient(url, partner.apiKey), admin: createAdminClient(url, ADMIN_TOKEN) }
    },
    /** Webhook ids by registration. */
    idsOf: () => {
      const ids = new Map<string, Set<string>>()
      for (const delivery of receiver.received) {
        const { registrationId } = bodyOf(delivery).data
        ids.set(registrationId, (ids.get(registrationId) ?? new Set()).add(delivery.id ?? ''))
      }
      return ids
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

type Cluster = Awaited<ReturnType<typeof openCluster>>
type Node = Awaited<ReturnType<Cluster['start']>>

/** Registers this many at once, in turn at each node, with a verdict each. */
const registerMany = async (
  { upstream, receiver }: Cluster,
  nodes: readonly Node[],
  count: number,
): Promise<RegistrationAnswer[]> => {
  const serials = Array.from({ length: count }, (_, n) => `many-${n}`)
  for (const serial of serials) upstream.script(serial, { steps: [{ status: 'ING' }], status: 'SUCCESS' })
  return Promise.all(
    serials.map((idcardid, n) => {
      const { api } = nodes[n % nodes.length] as Node
      return api.register({ idcardid, callbackUrl: receiver.urlFor('/hook') })
    }),
  )
}

const DELIVERED_MS = 60_000

/** The node reports them delivered as soon as the receiver has them all. */
const untilDelivered = async (cluster: Cluster, { api }: Node, registrations: readonly RegistrationAnswer[]) => {
  await cluster.receiver.waitFor(() => cluster.idsOf().size >= registrations.length, { timeoutMs: DELIVERED_MS })
  for (const { id } of registrations) await api.until(id, one => one.delivery.state === 'delivered')
}

test('a registration gets its verdict and one signed webhook, as on a file', async () => {
  await using cluster = await openCluster()
  const { upstream, receiver } = cluster
  const { api, admin, url, texts } = await cluster.start()
  upstream.script('serial', { steps: [{ status: 'ING' }, { status: 'ING' }], status: 'SUCCESS', similarity: '100' })
  const { id } = await api.register({
    idcardid: 'serial',
    callbackUrl: receiver.urlFor('/hook'),
    metadata: { order: '42' },
  })
  const done = await api.until(id, one => one.delivery.state === 'delivered')
  expect(done).toMatchObject({ status: 'succeeded', polls: 3, delivery: { attempts: 1 } })
  expect(receiver.received).toMatchObject([{ verified: true, status: 200 }])
  expect(bodyOf(receiver.received[0])).toMatchObject({
    type: 'idface.succeeded',
    data: { registrationId: id, metadata: { order: '42' } },
  })

  const overview = await admin.call<{ engine: unknown; problems: unknown[] }>('GET', '/v1/admin/overview')
  expect(overview.body.problems).toEqual([])
  expect(overview.body.engine).toMatchObject({ kind: 'postgres', serverVersion: expect.stringMatching(/^\d+\.\d+$/) })
  const page = await (await fetch(`${url}/metrics`)).text()
  expect(page).toMatch(/^idface_pg_pool\{pool="loops",state="waiting"\} 0$/m)
  expect(page).toMatch(/^idface_pg_oldest_xmin_seconds [\d.e-]+$/m)
  expect(page).not.toMatch(/^idface_(wal_bytes|backup_last_success_timestamp_seconds) /m)
  expect(texts.stdout).toContain('"database":"postgres://postgres@localhost/nodes_')
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
})

describe.skipIf(noPooler !== null)(
  `through PgBouncer in transaction mode${noPooler === null ? '' : `: ${noPooler}`}`,
  () => {
    test('two nodes do all of it', async () => {
      await using pooler = await openPooler(server)
      await using cluster = await openCluster({}, pooler)
      const nodes = await Promise.all([cluster.start(), cluster.start()])
      const registrations = await registerMany(cluster, nodes, 60)
      await untilDelivered(cluster, nodes[0], registrations)
      expect(cluster.idsOf().size).toBe(registrations.length)
      expect(cluster.receiver.received).toHaveLength(registrations.length)
    })
  },
)
