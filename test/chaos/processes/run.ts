import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { countDuplicates } from '../check.ts'
import { addCoverage, type Coverage, calmMs, coverageOf, whereBusy } from '../coverage.ts'
import { createDraw } from '../draw.ts'
import type { Finding } from '../findings.ts'
import type { Seen } from '../seen.ts'
import { keepEvidence } from './evidence.ts'
import { createFaultOrder, FAULTS, type Fault } from './faults.ts'
import { findBrokenApart } from './judging.ts'
import { load } from './load.ts'
import { UPGRADE } from './operations.ts'
import { type Engine, openScene, PROMISES, type Scene } from './scene.ts'
import { findVersionBefore } from './versions.ts'

export interface Run {
  findings: Finding[]
  /** Rows that do not fit together. */
  inconsistencies: string[]
  /** Folders with the evidence of red scenes. */
  evidence: string[]
  coverage: Coverage
  counts: Readonly<Record<(typeof COUNTED)[number], number>>
  /** How often each fault was brought. */
  faults: Readonly<Record<string, number>>
}
const COUNTED = ['acknowledged', 'unanswered', 'polls', 'webhooks', 'duplicates'] as const

export interface RunOptions {
  engine: Engine
  seed: number
  /** The run ends after this many faults; unless given, at `endsAt`. */
  faults?: number
  /** By the clock of the system. */
  endsAt?: number
  /** All unless given. */
  kinds?: readonly Fault[]
  /** Called after each fault. */
  onFault?: () => void
}

/** Number of faults that are judged together; then a new scene begins. */
const FAULTS_OF_A_SCENE = 100
/**
 * After this much time with faults comes a calm time under the same load, as long, and until more of the run was calm
 * than not.
 */
const TROUBLED_MS = 10_000
const CALM_MS = PROMISES.tellWithin + 3_000
const CALM_SHARE = 0.55
/** On a machine that stands still again and again. */
const LONGEST_CALM_MS = 180_000
const REST_MS = 120_000

/** Waits until nothing more is due, and gets everything once. */
const rest = async ({ clients }: Scene): Promise<void> => {
  const endsAt = Date.now() + REST_MS
  for (const client of clients) {
    while ((await client.isWaiting()) && Date.now() < endsAt) await sleep(200)
    await client.showAll()
  }
}

/** Waits until all that is promised has held for a while. */
const calm = async ({ seen }: Scene, startedAt: number): Promise<void> => {
  const endsAt = Date.now() + LONGEST_CALM_MS
  for (let now = Date.now(); now < endsAt; now = Date.now()) {
    const isLong = calmMs(seen, { from: now - CALM_MS, to: now }) === CALM_MS
    if (isLong && calmMs(seen, { from: startedAt, to: now }) > CALM_SHARE * (now - startedAt)) return
    await sleep(200)
  }
}

const countsOf = (seen: Seen): Run['counts'] => {
  const acknowledged = seen.registering.filter(({ id }) => id !== null).length
  return {
    acknowledged,
    unanswered: seen.registering.length - acknowledged,
    polls: seen.polls.length,
    webhooks: seen.webhooks.length,
    duplicates: countDuplicates(seen),
  }
}

const addUp = <Name extends string>(parts: readonly Readonly<Record<Name, number>>[]): Record<Name, number> => {
  const sums = {} as Record<Name, number>
  for (const part of parts) for (const name in part) sums[name] = (sums[name] ?? 0) + part[name]
  return sums
}

const runScene = async (options: RunOptions): Promise<Run> => {
  const { engine, seed, kinds = FAULTS } = options
  const older = kinds.includes(UPGRADE) ? findVersionBefore() : null
  await using scene = await openScene({ engine, draw: createDraw(seed), older })
  try {
    return await bringFaults(scene, kinds, options)
  } catch (error) {
    throw new Error(`what was seen, the logs and the database: ${await keepEvidence(scene)}`, { cause: error })
  }
}

const bringFaults = async (scene: Scene, kinds: readonly Fault[], options: RunOptions): Promise<Run> => {
  const { seed, faults: most = 0, endsAt = Number.POSITIVE_INFINITY } = options
  const faults: Record<string, number> = {}
  // Of their own: the load takes its chances as calls are answered.
  const chances = createDraw(seed)
  const faultOf = createFaultOrder(scene, kinds, chances, most)
  const ended: Finding[] = []
  const loading = load(scene)
  const startedAt = Date.now()
  let calmAt = startedAt
  for (let count = 0; count < most && Date.now() < endsAt; count++) {
    // The moment falls anywhere in the work that is under way.
    await sleep(100 + chances.below(400))
    const fault = faultOf(count)
    if (!fault) continue
    const { name, mayEnd = false, isNarrow = false } = fault
    faults[name] = (faults[name] ?? 0) + 1
    // The second node is the one behind the link.
    const n = fault.needs === 'link' ? 1 : chances.below(scene.nodes.length)
    const hit = fault.hitsAll || fault.needs === 'server' ? undefined : n
    const bring = async () => {
      await fault.bring({ ...scene, draw: chances }, n)
      options.onFault?.()
      const found = await scene.revive()
      if (!mayEnd) ended.push(...found)
    }
    await (isNarrow ? bring() : scene.during(name, bring, hit))
    if (Date.now() - calmAt < TROUBLED_MS) continue
    await calm(scene, startedAt)
    calmAt = Date.now()
  }
  await calm(scene, startedAt)
  ended.push(...(await scene.revive()))
  await loading.stop()
  await rest(scene)
  const seen = scene.gather()
  const inconsistencies = await scene.findInconsistencies()
  const promises = whereBusy(scene.promises, seen)
  const findings = [...ended, ...(await findBrokenApart(seen, promises))]
  const evidence =
    findings.length + inconsistencies.length > 0 ? [await keepEvidence(scene, { findings, promises })] : []
  return { findings, inconsistencies, evidence, counts: countsOf(seen), faults, coverage: coverageOf(seen, promises) }
}

/** Real processes under load and faults, judged from outside. */
export const runProcesses = async (options: RunOptions): Promise<Run> => {
  const { seed, faults = Number.POSITIVE_INFINITY, endsAt = Number.POSITIVE_INFINITY } = options
  const runs: Run[] = []
  const scenes = Math.ceil(faults / FAULTS_OF_A_SCENE)
  let begun = 0
  const runNext = async (): Promise<void> => {
    while (begun < scenes && Date.now() < endsAt) {
      const n = begun++
      const left = faults - n * FAULTS_OF_A_SCENE
      runs.push(await runScene({ ...options, seed: seed + n, faults: Math.min(FAULTS_OF_A_SCENE, left) }))
    }
  }
  await Promise.all(Array.from({ length: Math.min(scenes, availableParallelism()) }, runNext))
  return {
    findings: runs.flatMap(({ findings }) => findings),
    inconsistencies: runs.flatMap(({ inconsistencies }) => inconsistencies),
    evidence: runs.flatMap(({ evidence }) => evidence),
    coverage: addCoverage(runs.map(({ coverage }) => coverage)),
    counts: addUp(runs.map(({ counts }) => counts)),
    faults: addUp(runs.map(({ faults }) => faults)),
  }
}
