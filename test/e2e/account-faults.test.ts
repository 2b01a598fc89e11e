import { describe, expect, test } from 'vitest'
import { ACCOUNT } from '../support/service.ts'
import { bodyOf, openStage } from './stage.ts'

type Stage = Awaited<ReturnType<typeof openStage>>

const FAULTS = [
  { code: 400, reason: 'egress_ip' },
  { code: 401, reason: 'credentials_missing' },
  { code: 402, reason: 'credentials_missing' },
  { code: 403, reason: 'app_missing' },
  { code: 405, reason: 'credentials_wrong' },
  { code: 4050, reason: 'frozen' },
  { code: 40501, reason: 'clock' },
  { code: 40502, reason: 'password_refused' },
  { code: 40505, reason: 'no_contract' },
  { code: 4051, reason: 'password_or_balance' },
  { code: 4052, reason: 'egress_ip' },
]
/** In turn: each form and each mode has faults to show. */
const CASES = FAULTS.map((fault, index) => ({
  ...fault,
  format: index % 2 === 0 ? ('json' as const) : ('xml' as const),
  mode: index % 4 < 2 ? 'dynamic' : 'static',
}))

const untilPaused = ({ admin }: Stage) => admin.untilAccount(ACCOUNT.apiId, account => account.paused)

/** What is told while the account is paused, and that nothing is lost once it is resumed. */
const expectPauseAndRecovery = async (stage: Stage, id: string, fault: { code: number; reason: string }) => {
  const { admin, api, upstream } = stage
  const account = await untilPaused(stage)
  expect(account).toMatchObject({ paused: true, reason: fault.reason })
  expect(Math.abs(Date.now() - Date.parse(account.since ?? ''))).toBeLessThan(10_000)

  const { account: why, polling, sentence } = await api.explain(id)
  expect(why).toEqual({ paused: true, reason: fault.reason, code: fault.code, since: account.since })
  expect(polling.nextPollAt).not.toBeNull()
  expect(sentence).toContain(`code ${fault.code}`)
  expect(await api.find(id)).toMatchObject({ status: 'pending', reason: null, result: null })
  expect(stage.receiver.received).toEqual([])

  upstream.account(ACCOUNT.apiId, null)
  const { body } = await admin.resume(ACCOUNT.apiId)
  expect(body).toMatchObject({ paused: false, reason: null, since: null })
  expect(bodyOf(await stage.delivery(id)).data).toMatchObject({ status: 'SUCCESS', reason: null })
  expect(await admin.account(ACCOUNT.apiId)).toMatchObject({ paused: false, reason: null })
}

describe.concurrent('a fault of the account', () => {
  test.each(CASES)('pauses it and ends nobody: $code in $format, $mode', async ({ code, reason, format, mode }) => {
    await using stage = await openStage({ IHUYI_PASSWORD_MODE: mode })
    stage.upstream.account(ACCOUNT.apiId, { code, format })
    const { id } = await stage.register({ status: 'SUCCESS', format })
    await expectPauseAndRecovery(stage, id, { code, reason })
  })

  test.each([
    { mode: 'dynamic', code: 40502, reason: 'password_refused', calls: 2 },
    { mode: 'static', code: 405, reason: 'credentials_wrong', calls: 1 },
  ])(
    'is a wrong API key, which upstream tells as $code from a $mode password',
    async ({ mode, code, reason, calls }) => {
      await using stage = await openStage({ IHUYI_PASSWORD_MODE: mode, IHUYI_API_KEY: 'not-the-key' })
      const { id } = await stage.register({ status: 'SUCCESS' })
      expect(await untilPaused(stage)).toMatchObject({ mode, reason })
      expect((await stage.api.explain(id)).account).toMatchObject({ code, reason })
      expect(stage.upstream.calls).toHaveLength(calls)
      // Never from dynamic to static: that would send the key itself.
      expect(stage.upstream.calls.map(call => call.passwordMode)).toEqual(Array(calls).fill(mode))
    },
  )

  test('is 4060 only when several serials get it', async () => {
    await using stage = await openStage()
    const { api, upstream } = stage
    upstream.account(ACCOUNT.apiId, { code: 4060 })
    const registered = await Promise.all([1, 2, 3].map(() => stage.register({ status: 'SUCCESS' })))
    const ids = registered.map(({ id }) => id)
    const [first = ''] = ids
    await expectPauseAndRecovery(stage, first, { code: 4060, reason: 'serial_not_received' })
    for (const id of ids) expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
    for (const id of ids) expect(await api.find(id)).toMatchObject({ status: 'succeeded', reason: null })
  })

  test('is a code in no table only when nearly all calls get it', async () => {
    await using stage = await openStage()
    stage.upstream.account(ACCOUNT.apiId, { code: 4999 })
    const registered = await Promise.all(Array.from({ length: 12 }, () => stage.register({ status: 'SUCCESS' })))
    expect(await untilPaused(stage)).toMatchObject({ reason: 'unknown_code' })
    stage.upstream.account(ACCOUNT.apiId, null)
    await stage.admin.resume(ACCOUNT.apiId)
    // Their back-off of a minute and more stands: the pause ended, not the wait.
    for (const { id } of registered) await stage.api.poll(id)
    for (const { id } of registered) expect(bodyOf(await stage.delivery(id)).type).toBe('idface.succeeded')
  })
})

describe.concurrent('a clock that is off', () => {
  test.each([90_000, -90_000])('by %d ms is learned from the answer, and the call made again at once', async skewMs => {
    await using stage = await openStage()
    stage.upstream.setClockSkew(skewMs)
    const { id } = await stage.register({ status: 'SUCCESS' })
    expect(bodyOf(await stage.delivery(id)).data).toMatchObject({ status: 'SUCCESS', previousPollAt: null })
    expect(stage.upstream.calls.map(call => call.code)).toEqual([40501, 2])
    expect(await stage.api.find(id)).toMatchObject({ polls: 1 })
    expect(await stage.admin.account(ACCOUNT.apiId)).toMatchObject({ paused: false })

    const next = await stage.register({ status: 'FAIL' })
    await stage.delivery(next.id)
    expect(stage.upstream.calls.map(call => call.code)).toEqual([40501, 2, 2])
  })
})
