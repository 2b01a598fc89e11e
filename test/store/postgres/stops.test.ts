import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { openPostgresBench, pause, useServer } from '../../support/postgres-server.ts'
import { SUCCESS } from '../../support/store.ts'

const { newDatabase } = useServer({ template: true })

/** How often a transaction was run again: after a pause of 20 ms the first time. */
let repeats = 0

const openNode = async () => {
  const { url, connect, query, untilWaiting } = await newDatabase()
  const bench = await openPostgresBench(url, {
    sleep: ms => {
      if (ms === 20) repeats++
      return pause(ms)
    },
  })
  return {
    ...bench,
    query,
    untilWaiting,
    /** Another session keeps a lock until its end. */
    lock: async (statement: string) => {
      const client = await connect()
      await client.query(`BEGIN; ${statement}`)
      return client
    },
  }
}

test('the long reads of operators took every connection of calls', async () => {
  await using node = await openNode()
  await using gate = await node.lock('LOCK TABLE registrations IN ACCESS EXCLUSIVE MODE')
  const counts = Array.from({ length: 20 }, () =>
    node.store.countRegistrations({ filter: ALL_REGISTRATIONS, act: null }),
  )
  await node.untilWaiting(2)
  expect(await node.store.findPartner(node.partnerId)).toMatchObject({ id: node.partnerId })
  await node.untilWaiting(2)
  await gate.end()
  expect(await Promise.all(counts)).toEqual(Array(20).fill({ count: 0, isCapped: false, scanned: 0 }))
})

test('nothing is claimed after a hold, a disabled partner or an ended secret, also by a claim that had begun', async () => {
  await using node = await openNode()
  const { store, partnerId } = node
  const stops = {
    hold: () => store.holdDeliveries(),
    disable: () => store.changePartner(partnerId, { disabled: true }),
    rotate: () =>
      store.rotateSigningSecret(partnerId, { id: node.newId('secret'), type: 'v1', text: new Secret('new') }, 0),
  }
  for (const stop of [stops.rotate, stops.disable, stops.hold]) {
    await node.resolve()
    // A claim has looked at all that decides what it may take, and is about to take it.
    await using gate = await node.lock('LOCK TABLE messages IN ACCESS EXCLUSIVE MODE')
    const claim = node.claimMessages()
    await node.untilWaiting(1)
    const stopped = stop()
    // It waits for the end of the claim; which answer is heard first says nothing.
    await node.untilWaiting(2)
    await gate.end()
    expect(await claim).toHaveLength(1)
    await stopped
    expect(await node.claimMessages()).toEqual([])
    await store.changePartner(partnerId, { disabled: false })
  }
})

test('a message is resent while a claim releases its URL, without a deadlock', async () => {
  await using node = await openNode()
  const { store, partnerId } = node
  await node.register()
  const held = await node.register()
  await node.poll(SUCCESS)
  await node.deliver(410, { slots: 1 })
  expect(await node.claimMessages()).toEqual([])
  await store.enableCallback({ partnerId, callbackUrl: held.callbackUrl }, 'operator')
  repeats = 0
  // The claim has locked the URL, and the resend its message, before either goes on.
  await using gate = await node.lock('SELECT FROM lanes FOR UPDATE')
  const claiming = node.claimMessages()
  await node.untilWaiting(1)
  const resending = store.resend(partnerId, held.id)
  await node.untilWaiting(2)
  await gate.end()
  expect(await resending).toBe('resent')
  expect(repeats).toBe(0)
  const claimed = [...(await claiming), ...(await node.claimMessages()), ...(await node.claimMessages())]
  expect(claimed.map(({ registrationId }) => registrationId)).toEqual([held.id])
  expect(await node.query('SELECT FROM callbacks')).toEqual([])
})
