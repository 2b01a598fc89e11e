import { expect, test } from 'vitest'
import { openStage } from './stage.ts'

test('what a node has counted since the last minute is written when it stops', async () => {
  await using stage = await openStage()
  const { id } = await stage.register({ steps: [{ status: 'FAIL' }] })
  await stage.delivery(id)
  await using again = await stage.restart()
  const historyOf = async (query: string) => (await again.admin.call('GET', `/v1/admin/history?${query}`)).body
  const happened = { registrations: 1, verdicts: { failed: 1, succeeded: 0 }, webhooks: { delivered: 1 } }
  expect(await historyOf('step=5m')).toMatchObject({ totals: { ...happened, polls: { count: 1, failed: 0 } } })
  const { partnerId } = stage.partner
  expect(await historyOf(`partner=${partnerId}`)).toMatchObject({ totals: { ...happened, polls: null } })
  const { host } = new URL(stage.receiver.urlFor('/hook'))
  expect(await historyOf(`partner=${partnerId}&host=${host}`)).toMatchObject({ totals: { webhooks: { delivered: 1 } } })
})
