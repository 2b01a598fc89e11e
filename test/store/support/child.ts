import { randomBytes } from 'node:crypto'
import { createIds } from '../../../src/app/clock-and-ids.ts'
import { AppError } from '../../../src/core/error.ts'
import { newPartner } from '../../../src/core/new-partner.ts'
import { Secret } from '../../../src/core/secret.ts'
import { openRemoteStore } from '../../../src/store/sqlite/thread/remote-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { EVERY_REGISTRATION, newRegistration } from '../../support/store.ts'

/**
 * One of several processes on one file. `<path> <master key, hex> <task>`: says that it is ready, waits for
 * a word, does its task and tells what came of it.
 */
const [path = '', key = '', task = ''] = process.argv.slice(2)
const tell = (message: unknown) => process.send?.(message)
const open = () => {
  const options = { path, masterKey: Buffer.from(key, 'hex'), now: () => Date.now(), defaultRate: 1_000_000 }
  return openRemoteStore(options)
}

const prepare = async (store: Store) => {
  const newId = createIds()
  const { id: partnerId } = await store.createPartner(newPartner('one', { newId, random: randomBytes }).partner)
  const apiKey = new Secret('key')
  const account = await store.putDefaultAccount({ id: newId('acc'), apiId: 'C1', apiKey, passwordMode: 'static' })
  const item = () => newRegistration({ idcardid: newId('serial'), partnerId, accountId: account.id })
  return { partnerId, item }
}

/** Registers until the database breaks, then tries everything once more: what it told, and what it took after that. */
const registerUntilBroken = async () => {
  const store = await open()
  const broken: string[] = []
  store.hints.on('broken', error => broken.push(error.message))
  const { partnerId, item } = await prepare(store)
  const acknowledged: string[] = []
  const metadata = { filling: 'x'.repeat(2_000) }
  while (broken.length === 0) {
    const items = Array.from({ length: 100 }, () => ({ ...item(), metadata }))
    try {
      await store.register(items)
      acknowledged.push(...items.map(({ id }) => id))
      tell('registered')
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'unavailable')) throw error
    }
  }
  const later = await Promise.allSettled([
    store.register([item()]),
    store.findPartner(partnerId),
    store.claimVerifications({ busy: new Map(), concurrency: 3, leaseMs: 60_000 }),
    store.probe(),
  ])
  return { broken, acknowledged, partnerId, later: later.map(({ status }) => status) }
}

/** Lists while the disk is slow to sync a registration: how often, and how often the list showed it before it was told. */
const listDuringSync = async () => {
  const store = await open()
  const { partnerId, item } = await prepare(store)
  await store.register([item()])
  await store.listRegistrations(partnerId, EVERY_REGISTRATION)
  const slowed = new Promise(resolve => process.once('message', resolve))
  tell('registered')
  await slowed
  let isTold = false
  const registering = store.register([item()]).then(() => {
    isTold = true
  })
  const seen: number[] = []
  while (!isTold) {
    const { found: listed } = await store.listRegistrations(partnerId, EVERY_REGISTRATION)
    if (!isTold) seen.push(listed.length)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await registering
  const after = (await store.listRegistrations(partnerId, EVERY_REGISTRATION)).found.length
  await store.close()
  return { lists: seen.length, early: seen.filter(count => count > 1).length, after }
}

const tasks: Record<string, () => Promise<unknown>> = {
  open: async () => {
    await (await open()).close()
  },
  'register until broken': registerUntilBroken,
  'list during sync': listDuringSync,
}

process.once('message', () => {
  Promise.resolve(tasks[task]?.())
    .then(
      result => tell({ ok: true, result: result ?? null }),
      (error: unknown) => tell({ ok: false, result: String(error) }),
    )
    .finally(() => process.disconnect())
})
tell('ready')
