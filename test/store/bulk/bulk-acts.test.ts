import { expect, test } from 'vitest'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { HOOK, SUCCESS } from '../../support/store.ts'
import { openFileBench } from '../support/files.ts'

const URLS = ['a', 'b', 'c'].map(path => `${HOOK}/${path}`)
/** Held for each of them, by an answer of 410. */
const HELD = 400

const openHeld = async () => {
  const bench = await openFileBench(':memory:')
  for (const callbackUrl of URLS) await bench.resolve({ callbackUrl })
  const more = Array.from({ length: HELD }, () => URLS.map(callbackUrl => bench.newRegistration({ callbackUrl })))
  await bench.store.register(more.flat())
  while ((await bench.deliver(410)) > 0);
  while ((await bench.poll(SUCCESS)) > 0) await bench.advance(100)
  while ((await bench.claimMessagesWith()).nextAt !== null) await bench.advance(100)
  const held = async () => (await bench.store.stats()).deliveries.held
  return { ...bench, held }
}

test('a step of a bulk act resends its webhooks, and a 2xx makes all that is held for each URL due', async () => {
  await using bench = await openHeld()
  expect(await bench.held()).toBe(URLS.length * HELD)
  const by = { reason: 'it works again', who: 'token_1', name: 'Zoë', createdAt: bench.store.now() }
  const all = { act: 'resend', filter: ALL_REGISTRATIONS, counted: { count: 1_203, isCapped: false } } as const
  await bench.store.createBulkAct({ id: 'bulk_1', partnerId: null, probe: false, ...all, ...by })
  await bench.store.startBulkAct('bulk_1')
  expect((await bench.store.continueBulkActs(URLS.length)).count).toBe(URLS.length)
  expect(await bench.deliver(200)).toBe(URLS.length)
  expect(await bench.held()).toBeGreaterThanOrEqual(URLS.length * HELD - 500)
  while ((await bench.held()) > 0) await bench.claimMessagesWith()
})
