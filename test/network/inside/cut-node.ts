import {
  allRegistrations,
  countDuplicates,
  createClients,
  createMoods,
  findBrokenPromises,
  later,
  SETTINGS,
  verdictOf,
} from '../../e2e/crashing.ts'
import { createRandom } from '../../e2e/seeded-random.ts'
import { bodyOf, openScene } from '../../e2e/stage.ts'
import { createApiClient, eventually } from '../../support/api-client.ts'
import { type Environment, runCliApart, spawnService } from '../../support/service.ts'
import { FAR, openCable, openServerBehind } from '../support/cable.ts'

/** What became of two nodes, of which one lost its way to the database for a while; all times are from there on, in ms. */
export interface CutNode {
  /** When it first answered that it cannot do its work. */
  refusedMs: number
  /** When its `/readyz` first said so. */
  unreadyMs: number
  /** The longest that it kept a call waiting. */
  longestMs: number
  /** When the server had ended all that the node had begun. */
  transactionsMs: number
  /** When all that had been acknowledged before was delivered, by the other alone. */
  takenOverMs: number
  /** When it registered again, after the cable was whole. */
  backMs: number
  acknowledged: number
  duplicates: number
  surprises: unknown[]
  broken: string[]
  undelivered: number
  sessions: number
}

/** Longer than it takes the other node to have done all the work. */
const CUT_MS = 15_000
const random = createRandom(10)
const cable = await openCable()
const server = await openServerBehind(cable)
const scene = await openScene({
  ...SETTINGS,
  DATABASE_URL: await server.createDatabase('cut'),
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
} satisfies Environment)
const { env, folder, upstream, receiver } = scene
const created = await runCliApart(['partner', 'create', 'cut', '--json'], { cwd: folder, env })
const { apiKey, signingSecret } = JSON.parse(created.stdout) as { apiKey: string; signingSecret: string }
receiver.trust([signingSecret])
receiver.plan('/hook', createMoods(random))
upstream.setDefault(idcardid => ({ status: verdictOf(idcardid), afterMs: idcardid.endsWith('7') ? 300 : 0 }))

const [cut, other] = await Promise.all([
  spawnService({ ...env, DATABASE_URL: `postgres://postgres@${FAR}/cut` }, folder),
  spawnService(env, folder),
])
const target = { url: cut.url }
const clients = createClients(target, apiKey, receiver.urlFor('/hook'), { pauseMs: 100 })
await clients.answered(200)

cable.cut()
const cutAt = performance.now()
const since = () => Math.round(performance.now() - cutAt)
target.url = other.url
const before = [...clients.acknowledged.values()].map(({ id }) => id)

/** Registers at the node that is cut off, one serial after another, until it is told that all is over. */
const isOver = new AbortController()
const probing = async () => {
  const body = { callbackUrl: receiver.urlFor('/hook'), metadata: {} }
  const api = createApiClient(cut.url, apiKey)
  let refusedMs = 0
  let longestMs = 0
  for (let n = 0; ; n++) {
    const start = performance.now()
    const { status } = await api.call('POST', '/v1/registrations', { ...body, idcardid: `crash-probe-${n}` })
    longestMs = Math.max(longestMs, Math.round(performance.now() - start))
    if (status === 503 && refusedMs === 0) refusedMs = since()
    if (status === 201 && isOver.signal.aborted) return { refusedMs, longestMs, backMs: since() - healedMs }
    await later(100)
  }
}
const when = async <T>(look: () => Promise<T>, isSo: (found: T) => boolean): Promise<number> => {
  while (!isSo(await look())) await later(50)
  return since()
}
const OPEN = 'SELECT FROM pg_stat_activity WHERE client_addr IS NOT NULL AND xact_start IS NOT NULL'
const toldOk = () =>
  new Set(receiver.received.filter(({ status }) => status === 200).map(one => bodyOf(one).data.registrationId))
let healedMs = 0
const probed = probing()
const [unreadyMs, transactionsMs, takenOverMs] = await Promise.all([
  when(
    () => fetch(`${cut.url}/readyz`),
    ({ status }) => status === 503,
  ),
  when(
    () => server.query(OPEN),
    ({ length }) => length === 0,
  ),
  when(
    async () => toldOk(),
    told => before.every(id => told.has(id)),
  ),
  later(CUT_MS),
])
cable.heal()
healedMs = since()
isOver.abort()
const { refusedMs, longestMs, backMs } = await probed
target.url = cut.url
await clients.answered(100)
await clients.stop()

const all = await eventually(
  () => allRegistrations(createApiClient(cut.url, apiKey)),
  list => list.every(one => one.delivery.state !== 'pending'),
)
const OURS = "SELECT FROM pg_stat_activity WHERE client_addr IS NOT NULL AND application_name LIKE 'idface-notifier %'"
const result: CutNode = {
  ...{ refusedMs, unreadyMs, longestMs, transactionsMs, takenOverMs, backMs },
  acknowledged: clients.acknowledged.size,
  duplicates: countDuplicates(receiver),
  surprises: clients.surprises,
  broken: findBrokenPromises(receiver, clients).filter(one => !one.includes('crash-probe')),
  undelivered: all.filter(({ delivery }) => delivery.state !== 'delivered').length,
  sessions: (await server.query(OURS)).length,
}
process.stdout.write(JSON.stringify(result), () => process.exit(0))
