import { createIds } from '../../../src/app/clock-and-ids.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import type { Verb } from '../../../src/store/sqlite/thread/protocol.ts'
import { THREAD_OF } from '../../../src/store/sqlite/verb-threads.ts'
import { REFUSALS } from '../../support/odd-answers.ts'
import { findBroken } from '../check.ts'
import { type CallApi, createClient, liveWith, type Partner } from '../clients.ts'
import { createDraw, type Draw } from '../draw.ts'
import type { Finding } from '../findings.ts'
import { operate } from '../operators.ts'
import { newSeen, type Seen, type Span, type Trouble } from '../seen.ts'
import { createFile } from './database.ts'
import { createMeddling } from './meddling.ts'
import { createNode, type Death } from './node.ts'
import { ACCOUNT, ADMIN_TOKEN, type Plan, planOf } from './plans.ts'
import { createShared } from './postgres.ts'
import { type Fate, type Process, startProcess, type World } from './process.ts'
import { createReceivers } from './receivers.ts'
import { createTime, type Time } from './time.ts'
import { createUpstream, type Refusal } from './upstream.ts'

const MASTER_KEY = Buffer.alloc(32, 7)
const START = Date.parse('2026-11-24T16:20:00.000Z')
/** A database that nobody has used. */
export const EMPTY = { now: () => START, masterKey: MASTER_KEY, defaultRate: 1 }

/** What goes wrong in a history, drawn before it begins. */
interface Faults {
  deaths: (Death & { node: number })[]
  /** When the database refuses to write. */
  refusals: Span[]
  /** When the connection of a node with its database is lost, at the next statement of a transaction that writes, before or after it. */
  losses: { node: number; at: number }[]
  outages: Span[]
  /** When the machine has no network. */
  cuts: Span[]
  /** When a process stands still, as its machine does. */
  pauses: (Span & { node: number })[]
  /** When GetResult refuses the account. */
  accountRefusals: Refusal[]
  /** The clock of the system is set. */
  steps: { at: number; ms: number }[]
}

const drawFaults = ({ below, chance, times, oneOf }: Draw, { nodes, spanMs, outageMs, deaths }: Plan): Faults => {
  const at = () => START + below(spanMs)
  const span = (longestMs: number): Span => {
    const from = at()
    return { from, to: from + below(longestMs) }
  }
  const few = Math.ceil(deaths / 4)
  return {
    deaths: times(below(deaths), () => ({
      node: below(nodes),
      at: at(),
      atCall: chance(0.7),
      downMs: oneOf([50, SECOND, 20 * SECOND]),
    })).sort((a, b) => a.at - b.at),
    refusals: times(chance(0.2) ? few : 0, () => span(30 * SECOND)),
    losses: times(nodes > 1 ? below(deaths) : 0, () => ({ node: below(nodes), at: at() })),
    outages: times(chance(0.2) ? few : 0, () => span(outageMs)),
    cuts: times(chance(0.1) ? few : 0, () => span(outageMs)),
    pauses: times(chance(0.2 * nodes) ? Math.min(1, few) : 0, () => ({
      node: below(nodes),
      ...span(oneOf([10 * SECOND, MINUTE, 2 * MINUTE, 2 * HOUR])),
    })),
    accountRefusals: times(chance(0.2) ? few : 0, () => ({ ...span(outageMs), answer: oneOf(REFUSALS).answer })),
    steps: times(chance(0.1) ? Math.min(1, few) : 0, () => ({
      at: at(),
      ms: oneOf([-1, 1]) * oneOf([SECOND, MINUTE, HOUR]),
    })),
  }
}

/** A partner looks at all that it has so often that nothing ends and is erased meanwhile. */
const LOOKS_AGAIN_MS = 15 * DAY

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
    alter?: (world: World) => World /** The folder of a PostgreSQL that `openHistoryServer` has opened. */
    server?: string | null
  } = {},
): Promise<History> => {
  const { config, spanMs } = plan
  const draw = createDraw(seed)
  const clock = createTime(START, plan.idleMs)
  const seen = newSeen()
  const faults = drawFaults(draw, plan)
  const database = await (server ? createShared(server, { time: clock, draw }) : createFile(EMPTY))
  // What takes time cannot keep it from passing.
  const time: Time = database.takesTime ? { ...clock, during: run => run() } : clock
  let wrong = 0
  const now = () => time.now() + wrong
  const isIn = ({ from, to }: Span) => time.now() >= from && time.now() < to
  const fateOf = (verb: Verb): Fate => (faults.refusals.some(isIn) && THREAD_OF[verb] === 'writer' ? 'refused' : 'done')

  const upstream = createUpstream(
    { time, draw, seen, plan, onAsk: serial => meddling?.asking(serial) },
    { outages: [...faults.outages, ...faults.cuts], refusals: faults.accountRefusals },
  )
  const sender = createReceivers({
    ...{ time, draw, webhooks: seen.webhooks, secrets: seen.secrets },
    ...{ plan, badUntil: START + spanMs, cuts: faults.cuts },
    onSend: id => meddling?.sending(id),
  })

  let meddling: ReturnType<typeof createMeddling> | null = null
  const nodes = draw.times(plan.nodes, () =>
    createNode({ time, seen }, machine => {
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
          upstream: { ask: (_, serial) => stirred(() => upstream.ask(serial, awake)) },
          sender: { send: outgoing => stirred(() => sender.send(outgoing, awake)) },
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
    return time.during(() => Promise.race([answer(), target.death]))
  }
  const addPartner = async (name: string): Promise<Partner> => {
    const bytes = (count: number) => Buffer.from(draw.times(count, () => draw.below(256)))
    const { partner, apiKey, signingSecret } = newPartner(name, { newId: createIds(now, draw.random), random: bytes })
    await time.during(async () => nodes[0]?.running()?.process.store.createPartner(partner))
    seen.secrets.push({ partner: partner.id, text: signingSecret, from: 0, to: Number.POSITIVE_INFINITY })
    return { id: partner.id, apiKey }
  }
  const live = async () => {
    for (const node of nodes) await node.start()
    const partners: Partner[] = []
    for (let n = plan.partners(draw); n > 0; n--) partners.push(await addPartner(`partner ${n}`))
    const scene = { time, patience: 3 * SECOND, draw, seen, call }
    const clients = partners.map(partner => createClient(scene, partner))
    const clientOf = (partner: string) => clients[partners.findIndex(({ id }) => id === partner)]
    meddling = createMeddling({ time, draw, seen, until: START + spanMs, clientOf })
    const begin = async (serial: string, beginsMs: number) => {
      await time.wait(beginsMs)
      const n = draw.below(clients.length)
      const url = `https://r${draw.below(2)}.partner${n}.example/hook`
      const client = clients[n]
      if (client) await liveWith(scene, client, { serial, url, now, pauseMs: plan.pauseMs })
    }
    const lives = draw.times(plan.serials(draw), i => {
      const beginsMs = draw.below(plan.beginMs)
      return Promise.all(
        draw.times(1 + draw.below(2), () => begin(`${seed}${i}00000`, beginsMs + draw.below(plan.pauseMs))),
      )
    })
    const look = async (client: (typeof clients)[number]) => {
      const pause = () => 1 + draw.below(Math.min(spanMs, LOOKS_AGAIN_MS))
      for (let at = START + pause(); at < START + spanMs; at += pause()) {
        await time.wait(Math.max(0, at - time.now()))
        await client.showAll()
      }
    }
    const operating = async () => {
      if (!draw.chance(0.25)) return
      await time.wait(draw.below(spanMs / 2))
      const { id: partner } = draw.oneOf(partners)
      await operate(scene, { token: ADMIN_TOKEN, partner, account: ACCOUNT, forMs: plan.outageMs })
    }
    await Promise.all([
      ...lives,
      operating(),
      ...nodes.map((node, n) => node.bringDeaths(faults.deaths.filter(death => death.node === n))),
      ...faults.losses.map(({ node, at }) => nodes[node]?.loseConnection(at)),
      ...faults.steps.map(stepClock),
      ...faults.pauses.map(pause => nodes[pause.node]?.standStill(pause)),
      ...clients.map(look),
    ])
    await time.wait(Math.max(0, START + spanMs + MINUTE - time.now()))
    await meddling.ended()
    const endsAt = time.now() + plan.restMs
    for (const client of clients) while ((await client.isWaiting()) && time.now() < endsAt) await time.wait(MINUTE)
    for (const client of clients) await client.showAll()
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
  const clockError = faults.steps.reduce((sum, { ms }) => sum + Math.abs(ms), 0)
  const findings = findBroken(seen, { ...plan.promises, clockError })
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
