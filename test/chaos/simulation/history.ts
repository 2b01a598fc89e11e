import { createIds } from '../../../src/app/clock-and-ids.ts'
import { HOUR, SECOND } from '../../../src/core/duration.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import type { StoreContext } from '../../../src/store/context.ts'
import type { Verb } from '../../../src/store/sqlite/thread/protocol.ts'
import { createVerbsOf, type Engine } from '../../../src/store/store.ts'
import { findBroken } from '../check.ts'
import { type CallApi, createClient, type Partner } from '../clients.ts'
import { createDraw } from '../draw.ts'
import type { Finding } from '../findings.ts'
import { newSeen, type Seen, type Span, type Trouble } from '../seen.ts'
import { createFile } from './database.ts'
import type { Faults } from './faults.ts'
import { liveAll } from './lives.ts'
import { createMeddling } from './meddling.ts'
import { createNode } from './node.ts'
import { ADMIN_TOKEN, type Plan, planOf, SECOND_ACCOUNT, START } from './plans.ts'
import { createShared } from './postgres.ts'
import { type Fate, type Process, startProcess, type World } from './process.ts'
import { createReceivers } from './receivers.ts'
import { createTime, type Time } from './time.ts'
import { createUpstream } from './upstream.ts'

const MASTER_KEY = Buffer.alloc(32, 7)
/** A database that nobody has used. */
export const EMPTY = { now: () => START, masterKey: MASTER_KEY, defaultRate: 1 }

const UNUSED = [{} as StoreContext, {} as Engine] as const
/** Verbs that only read, on SQLite beside the writer. */
const READS = Object.keys({
  ...createVerbsOf('lookups', ...UNUSED),
  ...createVerbsOf('lists', ...UNUSED),
  ...createVerbsOf('searches', ...UNUSED),
})

export interface History {
  seed: number
  findings: Finding[]
  /** Rows that do not fit together. */
  inconsistencies: string[]
  seen: Seen
  deaths: number
  /** How long it took, simulated. */
  hours: number
}

/** The life of a few partners, drawn from the seed: the same seed is the same history. */
export const runHistory = async (
  seed: number,
  {
    plan = planOf('minutes', seed),
    alter = world => world,
    server = null,
  }: {
    plan?: Plan
    alter?: (world: World) => World
    /** The folder of a PostgreSQL that `openHistoryServer` has opened. */
    server?: string | null
  } = {},
): Promise<History> => {
  const { config, spanMs } = plan
  const draw = createDraw(seed)
  const clock = createTime(START, plan.idleMs)
  const seen = newSeen()
  const { faults } = plan
  const database = await (server ? createShared(server, { time: clock, draw }) : createFile(EMPTY))
  // Calls of such a database cannot keep time from passing.
  const time: Time = database.takesTime ? { ...clock, during: run => run() } : clock
  let wrong = 0
  const now = () => time.now() + wrong
  const isIn = ({ from, to }: Span) => time.now() >= from && time.now() < to
  const fateOf = (verb: Verb): Fate => (faults.refusals.some(isIn) && !READS.includes(verb) ? 'refused' : 'done')

  const upstream = createUpstream(
    { time, draw: draw.fork('GetResult'), seen, plan, onAsk: serial => meddling?.asking(serial) },
    { outages: [...faults.outages, ...faults.cuts], refusals: faults.accountRefusals },
  )
  const sender = createReceivers({
    ...{ time, draw: draw.fork('receivers'), webhooks: seen.webhooks, secrets: seen.secrets },
    ...{ plan, badUntil: START + spanMs, cuts: faults.cuts },
    onSend: id => meddling?.sending(id),
  })

  let meddling: ReturnType<typeof createMeddling> | null = null
  const nodes = draw.times(plan.nodes, node =>
    createNode({ time, seen, node }, machine => {
      const { awake, takeDoom, onDeath } = machine
      const stirred = <T>(run: () => T): T => {
        machine.stir()
        return run()
      }
      const outside = { time, now, random: draw.random, config, masterKey: MASTER_KEY, awake, onDeath }
      return startProcess(
        alter({
          ...outside,
          path: database.path,
          open: opening => database.open(machine, opening),
          fateOf: verb =>
            !database.takesTime && takeDoom() ? draw.oneOf(['dies before', 'dies after']) : fateOf(verb),
          upstream: {
            ask: ({ apiId }, serial) => stirred(() => upstream.ask({ account: apiId, serial, node }, awake)),
          },
          sender: { send: outgoing => stirred(() => sender.send(outgoing, awake, node)) },
          tamper: store => store,
        }),
      )
    }),
  )
  const stepClock = async ({ at, ms }: Faults['steps'][number]) => {
    await time.wait(at - START)
    wrong += ms
  }

  const call: CallApi = async (key, method, path, body) => {
    const node = draw.oneOf(nodes)
    await node.awake()
    const target = node.running()
    if (!target) return null
    const answer = () => requestOf(target.process, { key, method, path, body })
    const asked = Promise.race([answer(), target.death])
    // A call that waits for an end lets time pass, and so does a call to a machine that then stands still.
    if (!path.includes('?wait=')) await time.during(() => Promise.race([asked, node.stands()]))
    return asked
  }
  const addPartner = async (name: string): Promise<Partner> => {
    const bytes = (count: number) => Buffer.from(draw.times(count, () => draw.below(256)))
    const { partner, apiKey, signingSecret } = newPartner(name, { newId: createIds(now, draw.random), random: bytes })
    await time.during(async () => nodes[0]?.running()?.process.store.createPartner(partner))
    seen.secrets.push({ partner: partner.id, text: signingSecret, from: 0, to: Number.POSITIVE_INFINITY })
    if (plan.pending) {
      const quotas = { pending: plan.pending }
      await time.during(async () => nodes[0]?.running()?.process.store.changePartner(partner.id, { quotas }))
    }
    if (plan.acts.includes('thin') && seen.secrets.length % 2 === 1) {
      await time.during(async () => nodes[0]?.running()?.process.store.changePartner(partner.id, { payload: 'thin' }))
      seen.thin.push(partner.id)
    }
    return { id: partner.id, apiKey }
  }
  const live = async () => {
    for (const node of nodes) await node.start()
    const second = { account: SECOND_ACCOUNT, apiKey: 'key' }
    if (plan.acts.includes('second account')) await call(ADMIN_TOKEN, 'POST', '/v1/admin/accounts', second)
    const partners: Partner[] = []
    for (let n = plan.partners; n > 0; n--) partners.push(await addPartner(`partner ${n}`))
    const scene = { time, patience: 3 * SECOND, draw: draw.fork('lives'), seen, call }
    const clients = partners.map(partner => createClient(scene, partner))
    const clientOf = (partner: string) => clients.find(one => one.partner === partner)
    const until = START + spanMs
    meddling = createMeddling({ time, draw: draw.fork('meddling'), acts: plan.acts, seen, until, clientOf })
    const happening = [
      ...nodes.map((node, n) => node.bringDeaths(faults.deaths.filter(death => death.node === n))),
      ...faults.losses.map(({ node, at }) => nodes[node]?.loseConnection(at)),
      ...faults.steps.map(stepClock),
      ...faults.pauses.map(pause => nodes[pause.node]?.standStill(pause)),
    ]
    await liveAll({ scene, plan, seed, clients, meddling, now, faults: happening })
  }
  let isOver = false
  const living = live().finally(() => {
    isOver = true
  })
  await time.settle()
  while (!isOver) await time.step()
  await living
  seen.endedAt = time.now()
  for (const node of nodes) await node.close()
  const inconsistencies = await database.findInconsistencies()
  await database.remove()

  for (const { at, ms } of faults.steps)
    seen.troubles.push({ from: at, to: at, of: 'service', name: `the clock is set by ${ms / SECOND} s` })
  const note = (spans: readonly Span[], of: Trouble['of'], name: string) =>
    void seen.troubles.push(...spans.map(span => ({ ...span, of, name })))
  note(faults.refusals, 'service', 'the database refuses to write')
  note(faults.outages, 'GetResult', 'GetResult is away')
  note(faults.cuts, 'network', 'there is no network')
  seen.troubles.sort((a, b) => a.from - b.from)
  const findings = findBroken(seen, plan.promises)
  const deaths = nodes.reduce((sum, node) => sum + node.deaths(), 0)
  return { seed, findings, inconsistencies, seen, deaths, hours: (time.now() - START) / HOUR }
}

const requestOf = async (
  process: Process,
  { key, method, path, body }: { key: string; method: string; path: string; body: unknown },
) => {
  const authorization = `Bearer ${key}`
  const init =
    body === undefined
      ? { headers: { authorization } }
      : { headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await process.request(path, { method, ...init })
  const text = await response.text()
  return { status: response.status, json: text ? (JSON.parse(text) as unknown) : null }
}
