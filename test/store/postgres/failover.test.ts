import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type OwnServer, openOwnServer } from '../../support/postgres.ts'
import { openPostgresBench, pause } from '../../support/postgres-server.ts'
import { EVERY_REGISTRATION, first } from '../../support/store.ts'

/** What a standby has that has heard of all until now, and of nothing since. */
const copyOf = async (server: OwnServer): Promise<string> => {
  const copy = join(server.folder, 'standby')
  await server.stop()
  // With its owner, who runs it.
  execFileSync('cp', ['-a', join(server.folder, 'data'), copy])
  await server.start()
  return copy
}

test('G10: after a fail-over to a standby without the last commits, nodes go on with its data', {
  timeout: 60_000,
}, async () => {
  await using server = await openOwnServer()
  await using node = await openPostgresBench(await server.createDatabase('failing_over'))
  const { store, partnerId } = node
  const [sent, claimed] = [await node.resolve(), await node.resolve()]
  const standby = await copyOf(server)

  // All of this is acknowledged, and lost: a new host, a delivery, a claim, a verdict that a reader has seen.
  const messages = await node.claimMessages()
  const of = (id: string) => first(messages.filter(({ registrationId }) => registrationId === id))
  await store.settleMessages([node.received(of(sent.id), 200)])
  const lost = await node.resolve({ callbackUrl: 'https://new.example/hook' })
  const events = await store.listEvents(partnerId, { after: null, limit: 10 })
  if (events.outcome !== 'page') throw new Error(events.outcome)
  const after = first(events.events.slice(-1)).position
  expect(await node.find(sent.id)).toMatchObject({ delivery: { state: 'delivered' } })
  await server.crash()
  await server.replaceBy(standby)

  await expect.poll(() => store.findRegistration(partnerId, lost.id).catch(() => 'away')).toBeNull()
  expect((await store.listRegistrations(partnerId, EVERY_REGISTRATION)).found).toHaveLength(2)
  // What was claimed before is fenced off or counts; what was delivered goes out again, the same as before.
  await store.settleMessages([node.received(of(claimed.id), 200)])
  const again = await node.claimMessages()
  expect(again.map(({ registrationId, body }) => [registrationId, body])).toContainEqual([sent.id, of(sent.id).body])
  await store.settleMessages(again.map(message => node.received(message, 200)))
  for (const { id } of [sent, claimed]) expect(await node.find(id)).toMatchObject({ delivery: { state: 'delivered' } })

  // Whoever registers again what is gone gets a registration of its own, whose host is new once more.
  await pause(2)
  const { id } = await node.resolve({ idcardid: lost.idcardid, callbackUrl: lost.callbackUrl })
  expect(id).not.toBe(lost.id)
  expect(await node.deliver(200)).toBe(1)
  expect(await node.find(id)).toMatchObject({ status: 'succeeded', delivery: { state: 'delivered' } })
  // Its event has the number of the lost one, and a reader that has seen that one is told so.
  const page = await store.listEvents(partnerId, { after, limit: 10 })
  expect(page.outcome).toBe('lost')
})
