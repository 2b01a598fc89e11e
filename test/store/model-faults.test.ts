import { expect, test } from 'vitest'
import { RULES, type Rules } from './support/memory/rules.ts'
import { FAULTS } from './support/model/faults.ts'
import { createRunner, planHistory, type Runner, shrink } from './support/model/history.ts'
import { openPair } from './support/model/pair.ts'
import { openSqliteEngine } from './support/model/sqlite-engine.ts'

/** As many as the model test of two handles runs. */
const HISTORIES = 1_200
/** From here they are found soonest, of some places that were tried. */
const FROM = 2_001
/** Steps that a person reads at a glance. */
const FEW_STEPS = 8

/** The first history in which the reference, with this fault, does something else than SQLite. */
const findFailing = async (run: Runner) => {
  for (let seed = FROM; seed < FROM + HISTORIES; seed++) {
    const plan = planHistory(seed, 2)
    if ((await run(plan)) !== null) return plan
  }
  return null
}

test.each(Object.entries(FAULTS))('the model test finds that %s', { timeout: 120_000 }, async (_, fault) => {
  await using pair = await openPair(openSqliteEngine, { ...RULES, ...fault })
  const found = await findFailing(await createRunner(pair))
  expect(found).not.toBeNull()
})

test('what the model test finds is shown as a short history', { timeout: 120_000 }, async () => {
  const fault = FAULTS['a hint during a call is forgotten'] as Partial<Rules>
  await using pair = await openPair(openSqliteEngine, { ...RULES, ...fault })
  const run = await createRunner(pair)
  const found = await findFailing(run)
  if (found === null) throw new Error('nothing was found')
  const { plan, difference } = await shrink(run, found)
  expect(plan.steps.length).toBeLessThanOrEqual(FEW_STEPS)
  expect(plan.steps.map(step => step.verb)).toContain('settleVerifications')
  expect(difference?.message).toContain('verifications')
})
