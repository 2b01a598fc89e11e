import { describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import { readTables } from '../../privacy/support/tables.ts'
import { FAIL, first, SUCCESS } from '../../support/store.ts'
import { newPath, openFileBench } from '../support/files.ts'

const open = async () => {
  const path = newPath()
  const fixture = await openFileBench(path)
  const { store } = fixture
  return { ...fixture, path, pruneOne: (ms: number) => store.prune(store.now() - ms, 1, null) }
}

describe('retention', () => {
  test('keeps rows that wait for a verdict or to be sent, however old', async () => {
    await using fixture = await open()
    const unsent = await fixture.resolve()
    await fixture.deliver(500)
    const waiting = await fixture.register()
    fixture.advance(300 * DAY)
    expect(await fixture.prune(DAY)).toBe(0)
    await fixture.find(waiting.id)
    await fixture.deliver(200)
    expect((await fixture.find(unsent.id)).delivery.state).toBe('delivered')
    expect(await fixture.prune(DAY)).toBe(1)
  })

  test('gives the serial free with the last registration of it, not before', async () => {
    await using fixture = await open()
    const idcardid = 'a-serial'
    await fixture.resolve({ idcardid })
    await fixture.deliver(200)
    fixture.advance(2 * DAY)
    await fixture.register({ idcardid, callbackUrl: 'https://partner.example/second' })
    await fixture.deliver(200)
    const other = await fixture.addPartner('other')
    const registerAsOther = async () => {
      const [registered] = await fixture.store.register([fixture.newRegistration({ partnerId: other, idcardid })])
      return registered?.outcome
    }
    expect(await fixture.prune(DAY)).toBe(1)
    expect(await registerAsOther()).toBe('taken')
    fixture.advance(2 * DAY)
    expect(await fixture.prune(DAY)).toBe(1)
    expect(await registerAsOther()).toBe('created')
  })

  test('finds erasable rows behind any number of kept ones, again and again', { timeout: 30_000 }, async () => {
    await using fixture = await open()
    const kept = Array.from({ length: 1_100 }, (_, n) =>
      fixture.newRegistration({ idcardid: 'kept', callbackUrl: `https://partner.example/${n}` }),
    )
    await fixture.store.register(kept)
    await fixture.poll(SUCCESS)
    fixture.advance(HOUR)
    for (let n = 0; n < 2; n++) {
      const { id } = await fixture.register()
      await fixture.store.cancel(fixture.partnerId, id)
      fixture.advance(2 * DAY)
      expect(await fixture.prune(DAY)).toBe(1)
      expect(await fixture.prune(DAY)).toBe(0)
    }
    const message = first(await fixture.claimMessages({ slots: 1 }))
    await fixture.store.settleMessages([fixture.received(message, 200)])
    expect(await fixture.prune(DAY)).toBe(1)
    expect(await fixture.store.findRegistration(fixture.partnerId, message.registrationId)).toBeNull()
  })

  test('keeps a URL that answered 410 held while messages are held for it', async () => {
    await using fixture = await open()
    const one = await fixture.register()
    await fixture.poll(FAIL)
    const claimed = first(await fixture.claimMessages({ slots: 1 }))
    await fixture.store.settleMessages([fixture.received(claimed, 410)])
    // To register the URL again would end the hold, so this one is from before it.
    const two = await fixture.register({ callbackUrl: 'https://partner.example/other' })
    fixture.change('UPDATE registrations SET callback_url = ? WHERE id = ?', one.callbackUrl, two.id)
    fixture.advance(2 * DAY)
    await fixture.poll(FAIL)
    expect(await fixture.claimMessages()).toEqual([])
    expect(await fixture.prune(DAY)).toBe(1)
    expect(await fixture.claimMessages()).toEqual([])
    expect((await fixture.store.explain(fixture.partnerId, two.id))?.heldSince).not.toBeNull()
  })

  test('erases webhooks held for a URL that answered 410, and the hold too', async () => {
    await using fixture = await open()
    const [one, two] = [await fixture.register(), await fixture.register()]
    await fixture.poll(FAIL)
    await fixture.store.settleMessages([fixture.received(first(await fixture.claimMessages({ slots: 1 })), 410)])
    expect(await fixture.claimMessages()).toEqual([])
    fixture.advance(2 * DAY)
    expect(await fixture.prune(DAY)).toBe(2)
    for (const { id } of [one, two]) expect(await fixture.store.findRegistration(fixture.partnerId, id)).toBeNull()
    expect(await fixture.claimMessages()).toEqual([])
    expect(readTables(fixture.path).callbacks).toBe('')
  })

  test('takes hosts with it, so that the quota counts only remaining ones', async () => {
    await using fixture = await open()
    await fixture.store.changePartner(fixture.partnerId, { quotas: { hosts: 2 } })
    const hostsOf = async () => (await fixture.store.usageOf(fixture.partnerId)).hosts
    await fixture.resolve({ callbackUrl: 'https://a.example/1' })
    await fixture.resolve({ callbackUrl: 'https://a.example/2' })
    await fixture.deliver(200)
    fixture.advance(2 * DAY)
    await fixture.resolve({ callbackUrl: 'https://b.example/' })
    await fixture.deliver(200)
    const [refused] = await fixture.store.register([fixture.newRegistration({ callbackUrl: 'https://c.example/' })])
    expect(refused?.outcome).toBe('over_quota')
    expect((await fixture.pruneOne(DAY)).erased).toBe(1)
    expect(await hostsOf()).toBe(2)
    expect(await fixture.prune(DAY)).toBe(1)
    expect(await hostsOf()).toBe(1)
    await fixture.resolve({ callbackUrl: 'https://a.example/3' })
    expect(await fixture.deliver(200)).toBe(1)
  })
})
