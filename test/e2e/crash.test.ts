import { expect, test } from 'vitest'
import type { openReceiver } from '../../src/simulator/receiver.ts'
import type { ReceiverStep } from '../../src/simulator/receiver-step.ts'
import { createApiClient, eventually, type RegistrationJson } from '../support/api-client.ts'
import { type Environment, runCli, spawnCli, spawnService } from '../support/service.ts'
import { createRandom } from './seeded-random.ts'
import { bodyOf, openScene } from './stage.ts'

/** CRASH_KILLS=100 runs it for longer, by hand. */
const KILLS = Number(process.env.CRASH_KILLS ?? 20)
const CLIENTS = 8
const SEED = 20_261_124

const SETTINGS: Environment = {
  UPSTREAM_TIMEOUT: '300ms',
  CALLBACK_TIMEOUT: '500ms',
  RETRY_SCHEDULE: Array(40).fill('50ms').join(','),
  LOG_LEVEL: 'info',
}

type Receiver = Awaited<ReturnType<typeof openReceiver>>

/** A third of the requests fail, some of them after the receiver has taken the message. */
const createMoods = (random: () => number): ReceiverStep[] =>
  Array.from({ length: 20_000 }, () => {
    const mood = random()
    if (mood < 0.2) return 500
    if (mood < 0.25) return { fault: 'reset' }
    if (mood < 0.3) return { delayMs: 200 }
    return mood < 0.33 ? { status: 503, delayMs: 100 } : 200
  })

/** Half of the serials pass; a few take a while. Known from the serial alone, so that it can be checked. */
const verdictOf = (idcardid: string): 'SUCCESS' | 'FAIL' => (Number(idcardid.slice(-1)) % 2 === 0 ? 'SUCCESS' : 'FAIL')

/** Registers one serial after another, and remembers what became of each request. */
const createClients = (target: { url: string }, apiKey: string, callbackUrl: string) => {
  const acknowledged = new Map<string, RegistrationJson>()
  const unanswered = new Set<string>()
  const surprises: unknown[] = []
  let serial = 0
  let stopped = false
  let onAnswer = () => {}
  let back = Promise.withResolvers<void>()

  const run = async (name: number): Promise<void> => {
    while (!stopped) {
      const idcardid = `crash-${name}-${serial++}`
      const { call } = createApiClient(target.url, apiKey)
      try {
        const body = { idcardid, callbackUrl, metadata: { name: idcardid } }
        const answer = await call<RegistrationJson>('POST', '/v1/registrations', body)
        if (answer.status === 201) acknowledged.set(idcardid, answer.body)
        else surprises.push(answer)
        onAnswer()
      } catch {
        unanswered.add(idcardid)
        await back.promise
      }
    }
  }
  const running = Array.from({ length: CLIENTS }, (_, name) => run(name))
  return {
    acknowledged,
    unanswered,
    surprises,
    /** Resolves when so many more requests have been answered. */
    answered: (count: number) =>
      new Promise<void>(resolve => {
        let left = count
        onAnswer = () => {
          if (--left <= 0) resolve()
        }
      }),
    /** The service is back: those that lost their connection go on. */
    goOn: () => {
      back.resolve()
      back = Promise.withResolvers()
    },
    stop: async () => {
      stopped = true
      back.resolve()
      await Promise.all(running)
    },
  }
}

/** What the webhooks promise, from nothing but the requests that came and what was acknowledged. */
const findBrokenPromises = (receiver: Receiver, clients: ReturnType<typeof createClients>): string[] => {
  const broken: string[] = []
  const bodies = new Map<string | null, string>()
  const idOf = new Map<string, string | null>()
  for (const delivery of receiver.received) {
    const { data } = bodyOf(delivery)
    const { idcardid, registrationId, status } = data
    if (delivery.verified !== true) broken.push(`${idcardid}: ${delivery.verified}`)
    if ((bodies.get(delivery.id) ?? delivery.body) !== delivery.body) broken.push(`${idcardid}: another body`)
    if ((idOf.get(registrationId) ?? delivery.id) !== delivery.id) broken.push(`${idcardid}: another webhook-id`)
    if (status !== verdictOf(idcardid)) broken.push(`${idcardid}: ${status} is not its verdict`)
    if (data.metadata.name !== idcardid) broken.push(`${idcardid}: not its metadata`)
    const known = clients.acknowledged.get(idcardid)
    if (known ? known.id !== registrationId : !clients.unanswered.has(idcardid))
      broken.push(`${idcardid}: ${registrationId} was never acknowledged`)
    bodies.set(delivery.id, delivery.body)
    idOf.set(registrationId, delivery.id)
  }
  const told = new Set(receiver.received.filter(one => one.status === 200).map(one => bodyOf(one).data.registrationId))
  for (const [idcardid, { id }] of clients.acknowledged) if (!told.has(id)) broken.push(`${idcardid}: never delivered`)
  return broken
}

const allRegistrations = async ({ get }: ReturnType<typeof createApiClient>): Promise<RegistrationJson[]> => {
  const all: RegistrationJson[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await get<{ data: RegistrationJson[]; nextCursor: string | null }>(
      `/v1/registrations?limit=250${query}`,
    )
    all.push(...page.data)
    cursor = page.nextCursor
  }
  return all
}

const later = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

test(`loses nothing and changes nothing over ${KILLS} kill -9 under load`, { timeout: 6_000 * KILLS }, async () => {
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
  expect(acknowledged.size).toBeGreaterThan(200)
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
