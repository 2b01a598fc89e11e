import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/core/duration.ts'
import { Secret } from '../../src/core/secret.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { Unreadable } from '../../src/store/store.ts'
import { openFolder } from '../support/service.ts'
import { first, openBench, SUCCESS } from '../support/store.ts'

const KEY = Buffer.alloc(32, 7)

const open = async () => {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder())
  const path = join(folder.path, 'notifier.db')
  const clock = { now: Date.parse('2026-11-24T16:20:00.000Z') }
  const bench = stack.use(
    await openBench(async ({ rate }) => ({
      store: await openSqliteStore({ path, masterKey: KEY, now: () => clock.now, defaultRate: rate }),
      advance: (ms: number) => {
        clock.now += ms
      },
    })),
  )
  const told: Unreadable[] = []
  bench.store.hints.on('unreadable', where => told.push(where))
  return {
    ...bench,
    told,
    /** Runs a statement on the file, beside the store. */
    damage: (statement: string, ...values: unknown[]) => {
      const other = new Database(path)
      other.prepare(statement).run(...values)
      other.close()
    },
    select: (query: string) => {
      const other = new Database(path, { readonly: true })
      try {
        return other.prepare(query).pluck().get()
      } finally {
        other.close()
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const BYTES = "x'00112233'"

describe('a number where a sealed value should be, as after one flipped bit,', () => {
  test('stops nobody but its own', async () => {
    await using bench = await open()
    const poisoned = await bench.resolve({ idcardid: '1' })
    const sound = await bench.resolve({ idcardid: '2' })
    for (const statement of ['UPDATE verifications SET verdict = 7', 'UPDATE messages SET body = 1.5'])
      bench.damage(`${statement} WHERE rowid = (SELECT verification_id FROM registrations WHERE id = ?)`, poisoned.id)
    expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([sound.id])
    expect(await bench.find(poisoned.id)).toMatchObject({ status: 'succeeded', verdict: null })
    expect(await bench.store.explain(bench.partnerId, poisoned.id)).not.toBeNull()
    const page = { limit: 9, before: null, idcardid: null, status: null, delivery: null }
    expect(await bench.store.listRegistrations(bench.partnerId, page)).toHaveLength(2)
  })
})

describe('P12 a message that cannot be decrypted', () => {
  test('is put off and told once, and the others go on', async () => {
    await using bench = await open()
    const poisoned = await bench.resolve({ idcardid: '1' })
    const sound = await bench.resolve({ idcardid: '2' })
    bench.damage(`UPDATE messages SET body = ${BYTES} WHERE registration_id = ?`, poisoned.id)
    expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([sound.id])
    expect(bench.told).toEqual([{ table: 'messages', id: poisoned.id }])
    bench.advance(HOUR)
    expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([sound.id])
    expect(bench.told).toHaveLength(1)
    const { delivery } = await bench.find(poisoned.id)
    expect(delivery).toMatchObject({ state: 'pending', attempts: 0, nextAttemptAt: bench.store.now() + 10 * MINUTE })
    expect(await bench.store.explain(bench.partnerId, poisoned.id)).toMatchObject({ isReadable: false })
    expect(await bench.store.explain(bench.partnerId, sound.id)).toMatchObject({ isReadable: true })
    expect(bench.told).toHaveLength(1)
  })

  test('goes out once its key is back: a rekey beside a service with the old key alone had set it aside for good', async () => {
    await using bench = await open()
    const { id } = await bench.resolve()
    const body = bench.select('SELECT body FROM messages')
    bench.damage(`UPDATE messages SET body = ${BYTES}`)
    const { messages, nextAt } = await bench.claimMessagesWith()
    expect([messages, nextAt]).toEqual([[], bench.store.now() + 10 * MINUTE])
    bench.damage('UPDATE messages SET body = ?', body)
    expect(await bench.claimMessages()).toEqual([])
    bench.advance(10 * MINUTE)
    expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([id])
  })

  test('is looked at every 10 minutes for a week, then it is set aside until it is resent', async () => {
    await using bench = await open()
    const { id } = await bench.resolve()
    bench.damage(`UPDATE messages SET body = ${BYTES}`)
    const look = async () => (await bench.claimMessagesWith()).nextAt
    for (const ms of [0, 10 * MINUTE, 3 * DAY, 4 * DAY - 11 * MINUTE]) {
      bench.advance(ms)
      expect(await look()).toBe(bench.store.now() + 10 * MINUTE)
    }
    bench.advance(10 * MINUTE)
    expect(await look()).toBeNull()
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'pending', nextAttemptAt: null })
    await bench.store.resend(bench.partnerId, id)
    expect((await bench.claimMessagesWith()).nextAt).toBeNull()
  })

  test('does not end the events of its partner: they go on behind it', async () => {
    await using bench = await open()
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push((await bench.resolve()).id)
    bench.damage(`UPDATE messages SET body = ${BYTES} WHERE event IN (1, 3, 5)`)
    const page = await bench.store.listEvents(bench.partnerId, { after: null, limit: 1 })
    expect(page).toMatchObject({ events: [{ registrationId: ids[1] }], end: { n: 2 } })
    const rest = await bench.store.listEvents(bench.partnerId, {
      after: page.outcome === 'page' ? page.end : null,
      limit: 9,
    })
    expect(rest).toMatchObject({ events: [{ registrationId: ids[3] }], end: { n: 5 } })
    expect(bench.told.map(({ id }) => id)).toEqual([ids[0], ids[2], ids[4]])
  })
})

describe('a signing secret that cannot be decrypted', () => {
  test('stops no other partner', async () => {
    await using bench = await open()
    const other = await bench.addPartner('other')
    await bench.resolve()
    const sound = await bench.resolve({ partnerId: other })
    bench.damage(`UPDATE signing_secrets SET secret = ${BYTES} WHERE partner_id = ?`, bench.partnerId)
    const claimed = await bench.claimMessagesWith()
    expect(claimed.messages.map(message => message.registrationId)).toEqual([sound.id])
    expect([...claimed.secrets.keys()]).toEqual([other])
    expect(bench.told).toMatchObject([{ table: 'signing_secrets' }])
  })

  test('leaves an older one in its place, which does not end before another one signs', async () => {
    await using bench = await open()
    const { store, partnerId } = bench
    const [old] = await store.listSigningSecrets(partnerId)
    const rotate = (text: string) =>
      store.rotateSigningSecret(partnerId, { id: bench.newId('secret'), type: 'v1', text: new Secret(text) }, HOUR)
    const damaged = await rotate('whsec_bmV3')
    bench.damage(`UPDATE signing_secrets SET secret = ${BYTES} WHERE id = ?`, damaged?.id)
    expect(await store.endSigningSecret(partnerId, old?.id ?? '')).toBe('only')
    expect(await store.endSigningSecret(partnerId, damaged?.id ?? '')).toBe('newest')
    expect(await store.liveSecrets(partnerId)).toHaveLength(1)
    await rotate('whsec_bmV3ZXI=')
    expect(await store.endSigningSecret(partnerId, old?.id ?? '')).toBe('ended')
    expect((await store.liveSecrets(partnerId)).map(secret => secret.reveal())).toEqual(['whsec_bmV3ZXI='])
  })

  test('holds its own partner’s webhooks, without a claim each moment, until there is a secret that signs', async () => {
    await using bench = await open()
    const { id } = await bench.resolve()
    bench.damage(`UPDATE signing_secrets SET secret = ${BYTES}`)
    const { messages, nextAt } = await bench.claimMessagesWith()
    expect(messages).toEqual([])
    expect(nextAt).toBeGreaterThanOrEqual(bench.store.now() + MINUTE / 2)
    await expect(bench.store.liveSecrets(bench.partnerId)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({ unsignable: true })
    const secret = { id: bench.newId('secret'), type: 'v1' as const, text: new Secret('whsec_bmV3') }
    await bench.store.rotateSigningSecret(bench.partnerId, secret, HOUR)
    expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({ unsignable: false })
    bench.advance(MINUTE)
    const { messages: sent, secrets } = await bench.claimMessagesWith()
    expect(sent.map(message => message.registrationId)).toEqual([id])
    expect(secrets.get(bench.partnerId)?.map(live => live.reveal())).toEqual(['whsec_bmV3'])
    expect(bench.told).toHaveLength(1)
  })
})

test('C1 what was put off while the clock was ahead, since it did not open, waited for as long as that', async () => {
  await using bench = await open()
  const unsigned = await bench.resolve()
  const other = await bench.addPartner('other')
  const unread = await bench.resolve({ partnerId: other })
  bench.damage(`UPDATE messages SET body = ${BYTES} WHERE partner_id = ?`, other)
  bench.damage(`UPDATE signing_secrets SET secret = ${BYTES} WHERE partner_id = ?`, bench.partnerId)
  bench.advance(HOUR)
  expect(await bench.claimMessages()).toEqual([])
  bench.advance(-HOUR)
  expect(await bench.mend()).toBe(2)
  expect(await bench.mend()).toBe(0)
  const secret = { id: bench.newId('secret'), type: 'v1' as const, text: new Secret('whsec_bmV3') }
  await bench.store.rotateSigningSecret(bench.partnerId, secret, HOUR)
  expect((await bench.claimMessages()).map(({ registrationId }) => registrationId)).toEqual([unsigned.id])
  const { delivery } = await bench.find(unread.id, other)
  expect(delivery.nextAttemptAt).toBe(bench.store.now() + 10 * MINUTE)
})

describe('an account’s key that cannot be decrypted', () => {
  test('an account for which nothing waits is not looked at, so that a thousand at rest cost a claim nothing', async () => {
    await using bench = await open()
    bench.damage(`UPDATE accounts SET api_key = ${BYTES} WHERE id = ?`, bench.account.id)
    expect(await bench.store.claimVerifications({ busy: new Map(), concurrency: 4, leaseMs: 1_000 })).toEqual({
      claims: [],
      nextAt: null,
    })
    expect(bench.told).toEqual([])
    await bench.register()
    expect(await bench.claim()).toEqual([])
    expect(bench.told).toEqual([{ table: 'accounts', id: bench.account.id }])
  })

  test('is no alarm at a start whose settings have the right one', async () => {
    await using bench = await open()
    await bench.register()
    bench.damage(`UPDATE accounts SET api_key = ${BYTES} WHERE id = ?`, bench.account.id)
    const { id, apiId } = bench.account
    const apiKey = new Secret('upstream-key')
    await bench.store.putDefaultAccount({ id, apiId, apiKey, passwordMode: 'dynamic' })
    expect(await bench.claim()).toHaveLength(1)
    expect(bench.told).toEqual([])
  })

  test('stops the polls of no other account', async () => {
    await using bench = await open()
    await bench.store.createAccount({
      ...{ id: 'acc_2', apiId: 'C2', apiKey: new Secret('key'), passwordMode: 'dynamic', rate: null, partnerId: null },
    })
    await bench.register({ idcardid: '1' })
    await bench.register({ idcardid: '2', accountId: 'acc_2' })
    bench.damage(`UPDATE accounts SET api_key = ${BYTES} WHERE id = ?`, bench.account.id)
    // Nothing is opened before the first claim.
    expect((await bench.claim()).map(({ verification }) => verification.idcardid)).toEqual(['2'])
    expect(await bench.claim()).toEqual([])
    expect(bench.told).toEqual([{ table: 'accounts', id: bench.account.id }])
  })
})

describe('a verdict that cannot be decrypted', () => {
  const openDamaged = async () => {
    const bench = await open()
    const { id } = await bench.resolve({ idcardid: 'damaged' })
    bench.damage(`UPDATE verifications SET verdict = ${BYTES} WHERE idcardid = 'damaged'`)
    return { ...bench, id, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
  }

  test('gives the item that needs it an outcome of its own, and the others of the call theirs', async () => {
    await using bench = await openDamaged()
    const [before, damaged, after] = await bench.store.register([
      bench.newRegistration(),
      bench.newRegistration({ idcardid: 'damaged', callbackUrl: 'https://partner.example/other' }),
      bench.newRegistration({ partnerId: await bench.addPartner('other') }),
    ])
    expect([before?.outcome, damaged, after?.outcome]).toEqual(['created', { outcome: 'unreadable' }, 'created'])
    expect(bench.told).toMatchObject([{ table: 'verifications' }])
  })

  test('is shown as none, alone and in lists', async () => {
    await using bench = await openDamaged()
    const sound = await bench.resolve({ idcardid: 'sound' })
    const query = { idcardid: null, status: null, delivery: null, limit: 10, before: null }
    const listed = await bench.store.listRegistrations(bench.partnerId, query)
    expect(listed.map(({ id, verdict }) => [id, verdict?.status])).toEqual([
      [sound.id, 'SUCCESS'],
      [bench.id, undefined],
    ])
    expect(await bench.find(bench.id)).toMatchObject({ status: 'succeeded', verdict: null })
    expect((await bench.store.explain(bench.partnerId, bench.id))?.registration.id).toBe(bench.id)
    expect((await bench.store.cancel(bench.partnerId, bench.id))?.registration.status).toBe('cancelled')
    expect(bench.told).toHaveLength(1)
  })
})

test('metadata that cannot be read is left out, and does not keep a verdict from anybody', async () => {
  await using bench = await open()
  const damaged = await bench.register({ idcardid: '1', metadata: { order: '42' } })
  const sound = await bench.register({
    idcardid: '1',
    callbackUrl: 'https://partner.example/2',
    metadata: { order: '43' },
  })
  bench.damage(`UPDATE registrations SET metadata = ${BYTES} WHERE id = ?`, damaged.id)
  await bench.poll(SUCCESS)
  const messages = await bench.claimMessages()
  const metadataOf = ({ body }: { body: Buffer }) => JSON.parse(body.toString()).data.metadata
  expect(messages.map(message => [message.registrationId, metadataOf(message)])).toEqual([
    [damaged.id, {}],
    [sound.id, { order: '43' }],
  ])
  expect((await bench.find(damaged.id)).metadata).toEqual({})
  expect(first(bench.told)).toEqual({ table: 'registrations', id: damaged.id })
})
