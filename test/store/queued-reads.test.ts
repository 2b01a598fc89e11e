import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createContext, createHints } from '../../src/store/context.ts'
import { ALL_REGISTRATIONS } from '../../src/store/registrations/filter.ts'
import { createVerbs } from '../../src/store/store.ts'

/** Verbs whose reads each last until they are ended, and then find nothing. */
const openVerbs = () => {
  const underWay: (() => void)[] = []
  const read = <T>() => new Promise<T>(resolve => underWay.push(() => resolve([] as T)))
  const transactions = { read, write: read }
  const options = { masterKey: Buffer.alloc(32), defaultRate: 1 }
  const context = createContext(transactions, options, { random: randomBytes, hints: createHints() })
  const verbs = createVerbs(context, {
    figuresOf: () => {
      throw new Error('no engine')
    },
  })
  /** How many reads have begun and not ended. */
  const reads = async () => {
    await setImmediate()
    return underWay.length
  }
  return { verbs, reads, endFirst: () => underWay.shift()?.() }
}

const WANTED = { filter: ALL_REGISTRATIONS, act: null }

test('of sixteen counts of a token at once the first is over before the third begins, and no other token waits', async () => {
  const { verbs, reads, endFirst } = openVerbs()
  for (let n = 0; n < 16; n++) void verbs.countRegistrations(WANTED, 'token_1')
  expect(await reads()).toBe(2)
  void verbs.groupFailures('token_2')
  expect(await reads()).toBe(3)
  endFirst()
  expect(await reads()).toBe(3)
})

test('reads of a partner wait for each other, of any kind', async () => {
  const { verbs, reads } = openVerbs()
  for (let n = 0; n < 60; n++) void verbs.statusOf('partner_1', null)
  void verbs.findRegistration('partner_1', 'reg_1')
  void verbs.usageOf('partner_1')
  void verbs.listSigningSecrets('partner_1')
  void verbs.countExhausted('partner_1', { since: 0, until: 1 })
  void verbs.listCallbacks('partner_1', { after: null, limit: 1 })
  void verbs.listEvents('partner_1', { after: null, limit: 1 })
  void verbs.listAttempts('partner_1', 'reg_1')
  expect(await reads()).toBe(2)
  void verbs.explain('partner_2', 'reg_2')
  expect(await reads()).toBe(3)
})

test('global figures, and those for alerts of a partner, wait for none of its reads', async () => {
  const { verbs, reads } = openVerbs()
  for (let n = 0; n < 60; n++) void verbs.statusOf('partner_1', null)
  expect(await reads()).toBe(2)
  void verbs.stats()
  void verbs.givenUpOf('partner_1', 0)
  expect(await reads()).toBe(4)
})
