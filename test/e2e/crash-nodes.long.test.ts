import { expect, onTestFinished, test } from 'vitest'
import { createApiClient, eventually } from '../support/api-client.ts'
import { openOwnServer } from '../support/postgres.ts'
import { runCli } from '../support/run-cli.ts'
import { type Environment, spawnService } from '../support/service.ts'
import {
  allRegistrations,
  createClients,
  createMoods,
  findBrokenPromises,
  later,
  SETTINGS,
  summaryOf,
  verdictOf,
} from './crashing.ts'
import { createRandom } from './seeded-random.ts'
import { openScene } from './stage.ts'

/** CRASH_KILLS=100 runs it for longer, as CI does at night. */
const KILLS = Number(process.env.CRASH_KILLS ?? 8)
const NODES = 4
const SEED = 20_261_126
/** Of so many kills one is of the database itself. */
const DATABASE_EVERY = 4

test(`four nodes lose nothing over ${KILLS} kill -9 of nodes and of their database`, {
  timeout: 10_000 * KILLS + 60_000,
}, async () => {
  await using server = await openOwnServer(['fsync=on'])
  await using scene = await openScene({
    ...SETTINGS,
    DATABASE_URL: await server.createDatabase('crashing'),
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  } satisfies Environment)
  const { env, folder, upstream, receiver } = scene
  const random = createRandom(SEED)
  const created = await runCli(['partner', 'create', 'crashing', '--json'], { cwd: folder, env })
  const { apiKey, signingSecret } = JSON.parse(created.stdout) as { apiKey: string; signingSecret: string }
  receiver.trust([signingSecret])
  receiver.plan('/hook', createMoods(random))
  upstream.setDefault(idcardid => ({ status: verdictOf(idcardid), afterMs: idcardid.endsWith('7') ? 300 : 0 }))

  await using started = new AsyncDisposableStack()
  const start = async () => started.use(await spawnService(env, folder))
  const nodes = await Promise.all(Array.from({ length: NODES }, start))
  const target = { url: nodes[0]?.url ?? '' }
  const clients = createClients(target, apiKey, receiver.urlFor('/hook'))
  // Whoever lost its connection goes on at once, with the next node.
  const goingOn = setInterval(clients.goOn, 20)
  onTestFinished(() => clearInterval(goingOn))
  for (let kill = 1; kill <= KILLS; kill++) {
    await clients.answered(1 + Math.floor(random() * 30))
    await later(random() * 20)
    if (kill % DATABASE_EVERY === 0) {
      await server.crash()
      await later(random() * 500)
      await server.start()
      continue
    }
    const killed = Math.floor(random() * NODES)
    nodes[killed]?.kill('SIGKILL')
    await nodes[killed]?.exited
    target.url = nodes[(killed + 1) % NODES]?.url ?? ''
    nodes[killed] = await start()
  }
  await clients.stop()

  const api = createApiClient(nodes[0]?.url ?? '', apiKey)
  const all = await eventually(
    () => allRegistrations(api),
    list => list.every(one => one.delivery.state !== 'pending'),
  )
  const { acknowledged, unanswered, refused } = clients
  process.stdout.write(
    `${KILLS} kills of ${NODES} nodes and their database: ${acknowledged.size} acknowledged, ${unanswered.size} unanswered, ${refused.size} refused, ${summaryOf(receiver, clients)}\n`,
  )
  expect(clients.surprises).toEqual([])
  expect(acknowledged.size).toBeGreaterThan(8 * KILLS)
  expect(findBrokenPromises(receiver, clients)).toEqual([])
  const found = new Map(all.map(one => [one.idcardid, one]))
  expect(found.size).toBe(all.length)
  for (const [idcardid, { id }] of acknowledged) expect(found.get(idcardid)?.id).toBe(id)
  for (const { idcardid, status, delivery } of all) {
    expect(status).toBe(verdictOf(idcardid) === 'SUCCESS' ? 'succeeded' : 'failed')
    expect(delivery).toMatchObject({ state: 'delivered', nextAttemptAt: null })
  }
  for (const node of nodes) {
    node.kill('SIGTERM')
    expect(await node.exited).toMatchObject({ code: 0 })
  }
})
