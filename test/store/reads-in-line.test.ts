import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { queueReadsByCaller } from '../../src/store/reads-in-line.ts'
import { ALL_REGISTRATIONS } from '../../src/store/registrations/filter.ts'
import type { Store } from '../../src/store/store.ts'

/** Verbs that each last until `end`; those under way. */
const openVerbs = () => {
  const underWay: { call: string; end: () => void }[] = []
  const verb =
    (name: string) =>
    (...args: readonly unknown[]) =>
      new Promise<void>(end => underWay.push({ call: `${name} ${args.find(arg => typeof arg === 'string')}`, end }))
  const names = ['countRegistrations', 'groupFailures', 'statusOf', 'findRegistration', 'explain', 'stats']
  const verbs = queueReadsByCaller(Object.fromEntries(names.map(name => [name, verb(name)])) as unknown as Store)
  return { verbs, underWay, calls: () => underWay.map(({ call }) => call) }
}

const WANTED = { filter: ALL_REGISTRATIONS, act: null }

test('of sixteen counts of a token at once the first is over before the third begins, and no other token waits', async () => {
  const { verbs, underWay, calls } = openVerbs()
  for (let n = 0; n < 16; n++) void verbs.countRegistrations(WANTED, 'token_1')
  await setImmediate()
  expect(calls()).toEqual(Array(2).fill('countRegistrations token_1'))
  void verbs.groupFailures('token_2')
  await setImmediate()
  expect(calls()).toEqual([...Array(2).fill('countRegistrations token_1'), 'groupFailures token_2'])
  underWay.shift()?.end()
  await setImmediate()
  expect(calls()).toEqual(['countRegistrations token_1', 'groupFailures token_2', 'countRegistrations token_1'])
})

test('reads of a partner wait for each other whatever they read, and figures of nobody for none of them', async () => {
  const { verbs, calls } = openVerbs()
  for (let n = 0; n < 60; n++) void verbs.statusOf('partner_1', null)
  void verbs.findRegistration('partner_1', 'reg_1')
  void verbs.explain('partner_2', 'reg_2')
  void verbs.stats()
  await setImmediate()
  expect(calls()).toEqual([...Array(2).fill('statusOf partner_1'), 'explain partner_2', 'stats undefined'])
})
