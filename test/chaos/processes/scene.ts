import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DAY, SECOND } from '../../../src/core/duration.ts'
import type { Delivery } from '../../../src/simulator/receiver.ts'
import { BROKEN_SQL, brokenIn, findInconsistencies } from '../../store/support/invariants.ts'
import { createAdminClient } from '../../support/api-client.ts'
import { type DatabaseLink, openDatabaseLink } from '../../support/database-link.ts'
import { buildDiskShim, whyNoDiskShim } from '../../support/disk-shim.ts'
import { type OwnServer, openOwnServer } from '../../support/postgres.ts'
import { openReceiver, type ReceiverStep } from '../../support/receiver.ts'
import {
  ACCOUNT,
  ADMIN_TOKEN,
  type Environment,
  OTHER_ACCOUNT,
  openFolder,
  serviceEnvironment,
} from '../../support/service.ts'
import { openUpstreamSimulator } from '../../support/upstream.ts'
import { type CallApi, createClient, type Partner } from '../clients.ts'
import type { Draw } from '../draw.ts'
import type { Promises } from '../findings.ts'
import { newSeen, type Seen, type Trouble } from '../seen.ts'
import { createGate } from './gate.ts'
import { createNodes } from './nodes.ts'
import { type Undone, withoutUndone } from './operations.ts'
import { watchMachine } from './standstill.ts'
import { moodsOf, pollOf, scriptsOf, webhookOf } from './surroundings.ts'

export type Engine = 'sqlite' | 'postgres'

const RETRIES = 40
/** Half of the scenes may ask so little that the load comes near it, and each has an account that gets more work than it may ask. */
const RATES = [200, 40]
const SLOW = { rate: 5, burst: 4 }
/** Short limits and many tries, so that much is under way at any time. */
const SETTINGS: Environment = {
  // Well above the lag of a busy machine: a later answer counts as none, and the poll or webhook is repeated.
  UPSTREAM_TIMEOUT: '3s',
  CALLBACK_TIMEOUT: '3s',
  RETRY_SCHEDULE: Array(RETRIES).fill('50ms').join(','),
  POLL_MAX_INTERVAL: '1s',
  POLL_RAMP: '1s',
  REGISTRATION_TTL: '15s',
  SETTLE_MARGIN: '1s',
  NOT_FOUND_GRACE: '3s',
  LOG_LEVEL: 'info',
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
}
export const PROMISES: Promises = {
  rate: 200,
  burst: 200,
  rates: { [OTHER_ACCOUNT.apiId]: SLOW },
  schedule: Array(RETRIES).fill(50),
  pollAtMost: 100,
  pollEvery: 20_000,
  tellWithin: 10_000,
  clockError: 0,
  // Half a round trip to it: 3 and 11 ms were seen in a hundred faults, and a stop of the process may make it longer.
  databaseClock: 500,
  // A lease lasts 5 s longer than the time limit of its call; a failed write is tried again every 5 s.
  recovery: 11_000,
  resend: 11_000,
  ttl: 15 * SECOND,
  settleMargin: SECOND,
  notFoundGrace: 3 * SECOND,
  retention: 30 * DAY,
  erasedWithin: DAY,
  queued: 500,
  notedLate: 500,
}
const PARTNERS = 3
const HOOK = '/hook'

/** Scenes whose processes run. */
const running = new Set<AsyncDisposableStack>()
/** Leaves nothing behind when the run is told to end. */
export const closeScenes = async (): Promise<void> => {
  await Promise.all([...running].map(scene => scene.disposeAsync()))
}

export type Scene = Awaited<ReturnType<typeof openScene>>

interface SceneOptions {
  engine: Engine
  draw: Draw
  /** The checkout of the version that its nodes begin with; this one unless given. */
  older: string | null
}

/** Real processes of the service, with real sockets, disks and databases, and everybody round it. */
export const openScene = async ({ engine, draw, older }: SceneOptions) => {
  const defaultScript = scriptsOf(draw)
  const rate = draw.oneOf(RATES)
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder()).path
  const file = join(folder, 'notifier.db')
  const upstream = stack.use(
    await openUpstreamSimulator({ accounts: [ACCOUNT, OTHER_ACCOUNT], now: Date.now, defaultScript }),
  )
  // One host each.
  const receivers: Awaited<ReturnType<typeof openReceiver>>[] = []
  for (const steps of moodsOf(draw)) {
    const receiver = stack.use(await openReceiver({ secrets: [], now: Date.now }))
    receiver.plan(HOOK, steps)
    receivers.push(receiver)
  }

  const disk = engine === 'sqlite' && whyNoDiskShim() === null ? buildDiskShim(join(folder, 'disk')) : null
  let server: OwnServer | null = null
  let link: DatabaseLink | null = null
  const service = createNodes(folder, disk)
  const { envs, roots, nodes, start, kill } = service
  const base = {
    ...serviceEnvironment({ folder, upstreamUrl: upstream.url }),
    ...SETTINGS,
    UPSTREAM_RATE: String(rate),
  }
  const openPostgres = async (stack: AsyncDisposableStack): Promise<void> => {
    server = stack.use(await openOwnServer(['fsync=on']))
    // The second node reaches its database by a way that can fail, and that costs time.
    link = stack.use(await openDatabaseLink(server))
    const url = await server.createDatabase('chaos')
    const settings = envs[0] ?? base
    envs.splice(0, 1, { ...settings, DATABASE_URL: url }, { ...settings, DATABASE_URL: link.urlOf('chaos') })
  }
  if (engine === 'sqlite') envs.push({ ...base, ...disk?.env })
  else await openPostgres(stack)
  if (older) roots.push(...envs.map(() => older))

  stack.defer(async () => {
    for (const n of nodes.keys()) await kill(n)
  })
  for (const n of envs.keys()) await start(n)

  const seen = newSeen()
  stack.use(watchMachine(seen.troubles))
  const { secrets } = seen
  /** Notes a fault of a node, or of all, for as long as it lasts. */
  const during = async (name: string, run: () => Promise<void>, node?: number): Promise<void> => {
    const trouble: Trouble = { from: Date.now(), to: Number.POSITIVE_INFINITY, of: 'service', name, node }
    seen.troubles.push(trouble)
    await run()
    trouble.to = Date.now()
  }

  const gate = createGate()
  const undone: Undone[] = []
  const inconsistencies = new Set<string>()
  const callNow: CallApi = async (key, method, path, body) => {
    const target = draw.oneOf(nodes.filter(node => node !== null))
    if (!target) return null
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    try {
      const response = await fetch(target.url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, ...json },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      })
      const text = await response.text()
      return { status: response.status, json: text === '' ? null : (JSON.parse(text) as unknown) }
    } catch {
      return null
    }
  }
  const call: CallApi = (...args) => gate.through(`${args[1]} ${args[2]}`, () => callNow(...args))
  const time = { now: Date.now, wait: (ms: number) => sleep(ms) }
  const admin = createAdminClient(nodes[0]?.url ?? '', ADMIN_TOKEN)
  const partners: Partner[] = []
  for (let n = 0; n < PARTNERS; n++) {
    const { partnerId, apiKey, signingSecret } = await admin.createPartner(`partner ${n}`)
    secrets.push({ partner: partnerId, text: signingSecret, from: 0, to: Number.POSITIVE_INFINITY })
    partners.push({ id: partnerId, apiKey })
  }
  const { apiId: account, apiKey } = OTHER_ACCOUNT
  await admin.call('POST', '/v1/admin/accounts', { account, apiKey, rate: SLOW.rate })
  /** Receivers know all secrets that there are. */
  const trust = () => {
    for (const receiver of receivers) receiver.trust(secrets.flatMap(({ text }) => text ?? []))
  }
  trust()
  const calling = { time, patience: 100, draw, call }

  const opened = stack.move()
  running.add(opened)
  return {
    ...service,
    ...calling,
    seen,
    trust,
    promises: { ...PROMISES, rate, burst: rate },
    get server() {
      return server
    },
    get link() {
      return link
    },
    get disk() {
      return server ? null : disk
    },
    /** Its database, while it is one. */
    get file() {
      return server ? null : file
    },
    /** Changes the database to PostgreSQL, and returns the path of the file before. */
    openPostgres: async (): Promise<string> => {
      await openPostgres(opened)
      return file
    },
    older,
    gate,
    undone,
    clients: partners.map(partner => createClient({ ...calling, seen }, partner)),
    folder,
    during,
    urls: receivers.map(({ urlFor }) => urlFor(HOOK)),
    /** How the next requests to any of `urls` are answered, each in turn. */
    plan: (steps: () => ReceiverStep[]): void => {
      for (const receiver of receivers) receiver.plan(HOOK, steps())
    },
    /** Of this moment, and of all calls before. */
    findInconsistencies: async (): Promise<string[]> => {
      const found = server
        ? brokenIn((await server.query<object>(BROKEN_SQL, [], 'chaos'))[0])
        : findInconsistencies(file)
      for (const name of found) inconsistencies.add(name)
      return [...inconsistencies]
    },
    /** All that receivers and GetResult have seen too. */
    gather: (): Seen => {
      const attempts = service.attempts()
      const numberOf = ({ id, attempt }: Delivery) => `${id} ${attempt}`
      const sent = Map.groupBy(
        receivers.flatMap(({ received }) => received),
        numberOf,
      )
      // An attempt that was not recorded has the same number when it comes again, from any node.
      const nodeOf = (one: Delivery) =>
        sent.get(numberOf(one))?.length === 1 ? attempts.get(numberOf(one)) : undefined
      const webhooks = receivers
        .flatMap(({ url, received }) =>
          received.map(one => ({ ...webhookOf(one, url, secrets, PROMISES.notedLate), node: nodeOf(one) })),
        )
        .sort((a, b) => a.at - b.at)
      seen.webhooks = withoutUndone(webhooks, seen, undone)
      seen.polls = upstream.calls.map(pollOf)
      seen.troubles.sort((a, b) => a.from - b.from)
      seen.endedAt = Date.now()
      return seen
    },
    [Symbol.asyncDispose]: async () => {
      running.delete(opened)
      await opened.disposeAsync()
    },
  }
}
