import { expect, test } from 'vitest'
import { ACCOUNT } from '../support/service.ts'
import { bodyOf, openStage } from './stage.ts'

const REFUSED = { fault: 'reset' } as const

test('U1 an outage is told once, spares GetResult, and its first good answer brings all back', async () => {
  await using stage = await openStage({ UPSTREAM_RATE: '50' })
  const { admin, upstream, service } = stage
  const readiness = async () => {
    const response = await fetch(`${service.url}/readyz`)
    const { checks } = (await response.json()) as { checks: { name: string; ok: boolean; reason: string | null }[] }
    return { status: response.status, check: checks.find(({ name }) => name === 'upstream') }
  }
  const logged = (event: string) => service.log.filter(line => line.event === event)
  const registered = await Promise.all(Array.from({ length: 8 }, () => stage.register({ status: 'ING' })))
  await upstream.waitFor(calls => registered.every(({ idcardid }) => calls.some(call => call.idcardid === idcardid)))
  expect(await readiness()).toEqual({ status: 200, check: { name: 'upstream', ok: true, reason: null } })

  upstream.account(ACCOUNT.apiId, REFUSED)
  const account = await admin.untilAccount(ACCOUNT.apiId, ({ reachable }) => reachable === false)
  expect(account).toMatchObject({ paused: false, error: expect.stringMatching(/^unreachable: /) })
  expect(Date.parse(account.since ?? '')).toBeLessThan(Date.now())
  expect(await readiness()).toMatchObject({
    status: 200,
    check: { ok: true, reason: expect.stringContaining('unreachable') },
  })
  const before = upstream.calls.length
  await upstream.waitFor(before + 2)
  const [one, other] = upstream.calls.slice(before).map(({ at }) => at)
  // 8 serials that are polled every 100 ms would have been polled in between.
  expect((other ?? 0) - (one ?? 0)).toBeGreaterThan(400)

  for (const { idcardid } of registered) upstream.script(idcardid, { status: 'SUCCESS' })
  upstream.account(ACCOUNT.apiId, null)
  const back = Date.now()
  for (const { id } of registered) expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
  // One call each, besides a canary that was on its way: none of them had to wait for a back-off of its own.
  expect(upstream.calls.filter(({ at }) => at >= back).length).toBeLessThanOrEqual(9)
  expect(await admin.account(ACCOUNT.apiId)).toMatchObject({ reachable: true, since: null, error: null })
  expect(logged('upstream.unreachable')).toMatchObject([
    { level: 'warn', account: ACCOUNT.apiId, error: account.error },
  ])
  expect(logged('upstream.back')).toHaveLength(1)
  expect((await readiness()).check).toMatchObject({ reason: null })
})
