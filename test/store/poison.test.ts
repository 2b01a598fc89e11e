import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/core/duration.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Unreadable } from '../../src/store/sealed.ts'
import { EVERY_REGISTRATION } from '../support/store.ts'
import { newPath, openFileBench } from './support/files.ts'

const open = async () => {
  const bench = await openFileBench(newPath())
  const told: Unreadable[] = []
  bench.store.hints.on('unreadable', where => told.push(where))
  return { ...bench, told }
}

const BYTES = "x'00112233'"

describe('a number where a sealed value should be, as after one flipped bit,', () => {
  test('stops nobody but its own', async () => {
    await using bench = await open()
    const poisoned = await bench.resolve({ idcardid: '1' })
    const sound = await bench.resolve({ idcardid: '2' })
    for (const statement of ['UPDATE verifications SET verdict = 7', 'UPDATE message_bodies SET body = 1.5'])
      bench.change(`${statement} WHERE rowid = (SELECT verification_id FROM registrations WHERE id = ?)`, poisoned.id)
    expect(await bench.claimedIds()).toEqual([sound.id])
    expect(await bench.find(poisoned.id)).toMatchObject({ status: 'succeeded', verdict: null })
    expect(await bench.store.explain(bench.partnerId, poisoned.id)).not.toBeNull()
    expect((await bench.store.listRegistrations(bench.partnerId, EVERY_REGISTRATION)).found).toHaveLength(2)
  })

  test('of an account keeps only that from being asked, though its key was known', async () => {
    await using bench = await open()
    await bench.register()
    expect(await bench.claim()).toHaveLength(1)
    bench.change('UPDATE accounts SET api_key = 7')
    expect(await bench.claim()).toEqual([])
    expect(bench.told).toMatchObject([{ table: 'accounts' }])
  })
})

describe('P12 a message that cannot be decrypted', () => {
  test('is given up, reported once; the others go on', async () => {
    await using bench = await open()
    const poisoned = await bench.resolve({ idcardid: '1' })
    const sound = await bench.resolve({ idcardid: '2' })
    const body = bench.select(`SELECT body FROM messages WHERE registration_id = '${poisoned.id}'`)
    bench.change(`UPDATE message_bodies SET body = ${BYTES} WHERE registration_id = ?`, poisoned.id)
    expect(await bench.claimedIds()).toEqual([sound.id])
    expect(bench.told).toEqual([{ table: 'messages', id: poisoned.id }])
    expect((await bench.find(poisoned.id)).delivery).toMatchObject({
      ...{ state: 'exhausted', attempts: 0, nextAttemptAt: null },
    })
    bench.change('UPDATE message_bodies SET body = ? WHERE registration_id = ?', body, poisoned.id)
    await bench.store.resend(bench.partnerId, poisoned.id)
    expect(await bench.claimedIds()).toEqual([poisoned.id])
  })
})

describe('a signing secret that cannot be decrypted', () => {
  test('holds its own partner’s webhooks, without a claim each moment, until there is a secret that signs', async () => {
    await using bench = await open()
    const { id } = await bench.resolve()
    bench.change(`UPDATE signing_secrets SET secret = ${BYTES}`)
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
