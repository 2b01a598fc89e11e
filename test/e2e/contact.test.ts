import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MINUTE } from '../../src/core/duration.ts'
import type { Delivery } from '../../src/simulator/receiver.ts'
import { onFile } from '../store/support/files.ts'
import { openStage } from './stage.ts'

const jsonOf = ({ body }: Delivery) => JSON.parse(body)

test('a partner with one URL is told at its contact that it fails, and that it works again, each once', async () => {
  await using stage = await openStage({ RETRY_SCHEDULE: '0s,1h' })
  const { receiver, api, folder } = stage
  const told = () => receiver.received.filter(({ path }) => path === '/contact')
  receiver.plan('/hook', [503, 503, 200])
  const { status, body } = await api.call<object>('PUT', '/v1/contact', { url: receiver.urlFor('/contact') })
  expect([status, body]).toMatchObject([200, { channel: 'webhook' }])
  const { id } = await stage.register({ status: 'SUCCESS' })
  await api.until(id, ({ delivery }) => delivery.attempts === 2)
  await stage.service.stop()
  expect(told()).toEqual([])

  const change = (sql: string) => onFile(join(folder, 'notifier.db'), file => file.exec(sql))
  // As half an hour would leave it.
  const since = Date.now() - 31 * MINUTE
  change(`UPDATE callbacks SET failing_since = ${since}; UPDATE contacts SET due_at = ${since}`)
  for (let starts = 0; starts < 2; starts++) {
    await using again = await stage.restart()
    await receiver.waitFor(() => told().length === 1)
    if (starts === 0) continue
    const { api } = again
    await api.resend(id)
    await api.until(id, ({ delivery }) => delivery.state === 'delivered')
  }
  // As the gap between two notices would leave it.
  change('UPDATE contacts SET due_at = 0')
  await using _last = await stage.restart()
  await receiver.waitFor(() => told().length === 2)
  expect(told()).toMatchObject([{ verified: true }, { verified: true }])
  expect(told().map(jsonOf)).toMatchObject([
    {
      type: 'callback.failing',
      data: {
        ...{ state: 'firing', count: 1, since: new Date(since).toISOString() },
        details: { callbacks: [{ callbackUrl: receiver.urlFor('/hook'), lastError: 'http_503' }] },
      },
    },
    { type: 'callback.failing', data: { state: 'resolved', count: 1 } },
  ])
})
