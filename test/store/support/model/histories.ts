import { expect } from 'vitest'
import type { OpenEngine } from './engine.ts'
import { createRunner, planHistory, shrink } from './history.ts'
import { openPair } from './pair.ts'

/**
 * `MODEL_HISTORIES=100000 MODEL_SEED=7 npx vitest run test/store/model` runs so many of each kind, from that seed on: each
 * history has a seed of its own, and the next has the next. `MODEL_HISTORIES=1 MODEL_SEED=…` repeats one that failed.
 */
export const historiesOr = (usual: number): number => Number(process.env.MODEL_HISTORIES ?? usual)
export const SEED = Number(process.env.MODEL_SEED ?? 1)

/**
 * Random histories of verbs against one engine, or against two side by side. After each step what must never be is looked for, and
 * all tables are compared row by row; some of the reads are compared too, and at the end of some histories all of them.
 */
export const runHistories = async (engines: readonly OpenEngine[], handles: 1 | 2, usual: number): Promise<void> => {
  await using pair = await openPair(engines)
  const run = await createRunner(pair)
  for (let seed = SEED; seed < SEED + historiesOr(usual); seed++) {
    const plan = planHistory(seed, handles)
    if ((await run(plan)) === null) continue
    const { plan: shortest, difference } = await shrink(run, plan)
    const steps = shortest.steps.map(step => JSON.stringify(step)).join('\n')
    expect.fail(`seed ${seed}, the shortest history found:\n${steps}\n${difference?.message}`)
  }
}
