import { expect, test } from 'vitest'
import { createApiClient, eventually } from '../support/api-client.ts'
import { runCli } from '../support/run-cli.ts'
import { spawnCli, spawnService } from '../support/service.ts'
import {
  allRegistrations,
  createClients,
  createMoods,
  findBrokenPromises,
  later,
  SETTINGS,
  verdictOf,
} from './crashing.ts'
import { createRandom } from './seeded-random.ts'
import { openScene } from './stage.ts'

/** `CRASH_KILLS=50`, each night. */
const KILLS = Number(process.env.CRASH_KILLS ?? 4)
const SEED = 20_261_124

test(`loses nothing and changes nothing over ${KILLS} kill -9 under load`, {
  timeout: 6_000 * KILLS + 30_000,
}, async () => {
  await using scene = await openScene(SETTINGS)
  const { env, folder, upstream, receiver } = scene
  const random = createRandom(SEED)
  const created = await runCli(['partner', 'create', 'crashing', '--json'], { cwd: folder, env })
  const { apiKey, signingSecret } = JSON.parse(created.stdout) as { apiKey: string; signingSecret: string }
  receiver.trust([signingSecret])
  receiver.plan('/hook', createMoods(random))
  upstream.setDefault(idcardid => ({ status: verdictOf(idcardid), afterMs: idcardid.endsWith('7') ? 300 : 0 }))

  const target = { url: '' }
  const start = async () => {
    const service = await spawnService(env, folder)
    target.url = service.url
    return service
  }
  let service = await start()
  const clients = createClients(target, apiKey, receiver.urlFor('/hook'))
  for (let kill = 0; kill < KILLS; kill++) {
    // A little after some request was answered, so that the moment falls anywhere in the work on others.
    await clients.answered(1 + Math.floor(random() * 30))
    await later(random() * 20)
    service.kill('SIGKILL')
    await service.exited
    // Now and then it is killed while it starts, too.
    if (random() < 0.2) {
      await using starting = spawnCli(['serve'], { cwd: folder, env })
      await later(random() * 400)
      starting.kill('SIGKILL')
    }
    service = await start()
    clients.goOn()
  }
  await clients.stop()
  await using last = service

  const api = createApiClient(last.url, apiKey)
  const all = await eventually(
    () => allRegistrations(api),
    list => list.every(one => one.delivery.state !== 'pending'),
  )
  const { acknowledged, unanswered } = clients
  expect(clients.surprises).toEqual([])
  expect(clients.refused.size).toBe(0)
  expect(acknowledged.size).toBeGreaterThan(10 * KILLS)
  expect(unanswered.size).toBeGreaterThan(KILLS / 2)
  expect(findBrokenPromises(receiver, clients)).toEqual([])

  const found = new Map(all.map(one => [one.idcardid, one]))
  expect(found.size).toBe(all.length)
  for (const [idcardid, { id }] of acknowledged) expect(found.get(idcardid)?.id).toBe(id)
  for (const { idcardid, status, delivery } of all) {
    expect(acknowledged.has(idcardid) || unanswered.has(idcardid)).toBe(true)
    expect(status).toBe(verdictOf(idcardid) === 'SUCCESS' ? 'succeeded' : 'failed')
    expect(delivery).toMatchObject({ state: 'delivered', nextAttemptAt: null })
  }
  last.kill('SIGTERM')
  expect(await last.exited).toMatchObject({ code: 0 })
})
