import { expect, test } from 'vitest'
import { ADMIN_TOKEN } from '../support/service.ts'
import { openStage } from './stage.ts'

const SETTINGS = { RETRY_SCHEDULE: '50ms' }

type Stage = Awaited<ReturnType<typeof openStage>>
interface BulkJson {
  id: string
  state: string
  count: number
  done: number
  error: string | null
}

const call = async (url: string, method: string, path: string, body?: unknown): Promise<BulkJson> => {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
  const sent = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
  return (await fetch(`${url}/v1/admin${path}`, sent)).json() as Promise<BulkJson>
}
const ended = async (url: string, id: string): Promise<BulkJson> => {
  for (;;) {
    const bulk = await call(url, 'GET', `/bulk/${id}`)
    if (bulk.state === 'done' || bulk.state === 'failed') return bulk
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
/** So many registrations whose webhooks the receiver has refused until they were given up. */
const exhaust = async ({ receiver, register, api }: Stage, count: number): Promise<string[]> => {
  receiver.plan('/hook', new Array(2 * count).fill(500))
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push((await register({ status: 'SUCCESS' })).id)
  for (const id of ids) await api.until(id, one => one.delivery.state === 'exhausted')
  return ids
}
const RESEND = { act: 'resend', filter: { error: 'http_500', since: '1h' }, probe: true, reason: 'it works again' }

test('sends a probe, and then all that was meant, also over a restart', async () => {
  await using stage = await openStage(SETTINGS)
  const ids = await exhaust(stage, 4)
  const { id, count } = await call(stage.service.url, 'POST', '/bulk', RESEND)
  expect(count).toBe(4)
  expect(await call(stage.service.url, 'POST', `/bulk/${id}/start`)).toMatchObject({ state: 'probing' })
  await using again = await stage.restart(SETTINGS)
  expect(await ended(again.service.url, id)).toMatchObject({ state: 'done', done: 4 })
  for (const one of ids) expect((await stage.delivery(one, 3)).id).toBe(one.replace('reg_', 'msg_'))
})
