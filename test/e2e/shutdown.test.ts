import { expect, test } from 'vitest'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { ADMIN_TOKEN, type Environment, spawnService } from '../support/service.ts'
import { bodyOf, openScene } from './stage.ts'

const SECOND = 1_000

/** A scene with the service as a child process, which can be started again on its database. */
const openRun = async (settings: Environment = {}) => {
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(await openScene(settings))
  const service = stack.use(await spawnService(scene.env, scene.folder))
  const created = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('partner')
  scene.receiver.trust([created.signingSecret])
  const opened = stack.move()
  const start = async () => opened.use(await spawnService(scene.env, scene.folder))
  const clientOf = ({ url }: { url: string }) => createApiClient(url, created.apiKey)
  return {
    ...scene,
    start,
    service,
    clientOf,
    api: clientOf(service),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const eventsOf = (stdout: string): unknown[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => (JSON.parse(line) as { event: unknown }).event)

/** Sends the signal; how the process ended, and after how many ms. */
const end = async (service: Awaited<ReturnType<typeof spawnService>>, signal: NodeJS.Signals) => {
  const startedAt = performance.now()
  service.kill(signal)
  const { code, at } = await service.exited
  return { code, afterMs: at - startedAt }
}

test('SIGINT lets what is in flight end, and records it', async () => {
  await using run = await openRun({ CALLBACK_TIMEOUT: '5s', UPSTREAM_TIMEOUT: '5s' })
  const { api, upstream, receiver, service } = run
  receiver.plan('/slow', [{ delayMs: 800 }])
  upstream.script('sent', { status: 'SUCCESS' })
  upstream.script('asked', { status: 'FAIL', delayMs: 800 })
  upstream.script('waiting', { status: 'ING' })
  const sent = await api.register({ idcardid: 'sent', callbackUrl: receiver.urlFor('/slow') })
  const waiting = await api.register({ idcardid: 'waiting', callbackUrl: receiver.urlFor('/hook') })
  await receiver.waitFor(1)
  const asking = upstream.nextCall('asked')
  const asked = await api.register({ idcardid: 'asked', callbackUrl: receiver.urlFor('/hook') })
  await asking

  const { code, afterMs } = await end(service, 'SIGINT')
  expect(code).toBe(0)
  expect(afterMs).toBeLessThan(10 * SECOND)
  expect(service.texts.stderr).toBe('')
  expect(eventsOf(service.texts.stdout).at(-1)).toBe('service.stopped')
  const polls = upstream.callsOf('waiting').length

  upstream.script('waiting', { status: 'SUCCESS' })
  const again = await run.start()
  const after = run.clientOf(again)
  expect(await after.find(sent.id)).toMatchObject({ delivery: { state: 'delivered', attempts: 1 } })
  await after.until(asked.id, one => one.delivery.state === 'delivered')
  expect(upstream.callsOf('asked')).toHaveLength(1)
  expect(await after.until(waiting.id, one => one.status === 'succeeded')).toMatchObject({ polls: polls + 1 })
  expect(receiver.receivedAt('/slow')).toHaveLength(1)
})

test('SIGTERM lets it end too, but gives up after ten seconds on a receiver that hangs, and sends the webhook after the restart', async () => {
  await using run = await openRun({ CALLBACK_TIMEOUT: '11s' })
  const { api, upstream, receiver, service } = run
  receiver.plan('/hook', [{ fault: 'hang' }])
  upstream.script('hung', { status: 'SUCCESS' })
  const { id } = await api.register({ idcardid: 'hung', callbackUrl: receiver.urlFor('/hook') })
  await receiver.waitFor(1)
  const { code, afterMs } = await end(service, 'SIGTERM')
  expect(code).toBe(0)
  expect(afterMs).toBeGreaterThan(9.9 * SECOND)
  expect(service.texts.stderr).toBe('')

  const again = run.clientOf(await run.start())
  await receiver.waitFor(2)
  const [first, second] = receiver.received
  expect(bodyOf(second).data.registrationId).toBe(id)
  expect(second).toMatchObject({ id: first?.id, body: first?.body, verified: true })
  await again.until(id, one => one.delivery.state === 'delivered')
  // It did not wait for the first until that had run out of time.
  expect(await again.attempts(id)).toMatchObject([{ outcome: 'delivered' }])
})

test('a restart goes on where it was: polls, retries, and what was counted', async () => {
  await using run = await openRun({ RETRY_SCHEDULE: '5s,1h' })
  const { api, upstream, receiver, service } = run
  receiver.plan('/retry', [500])
  receiver.plan('/much-later', [{ status: 503, headers: { 'retry-after': '7200' } }])
  upstream.script('retry', { status: 'SUCCESS' })
  upstream.script('much-later', { status: 'SUCCESS' })
  upstream.script('poll', { status: 'ING' })
  const poll = await api.register({ idcardid: 'poll', callbackUrl: receiver.urlFor('/poll'), metadata: { a: 'b' } })
  const much = await api.register({ idcardid: 'much-later', callbackUrl: receiver.urlFor('/much-later') })
  const retry = await api.register({ idcardid: 'retry', callbackUrl: receiver.urlFor('/retry') })
  const { polls } = await api.until(poll.id, one => one.polls >= 2)
  const muchLater = await api.until(much.id, one => one.delivery.attempts === 1)
  const soon = await api.until(retry.id, one => one.delivery.attempts === 1)
  expect(await end(service, 'SIGTERM')).toMatchObject({ code: 0 })

  const again = await run.start()
  const after = run.clientOf(again)
  expect(await after.find(much.id)).toEqual(muchLater)
  const went = await after.until(poll.id, one => one.polls > polls)
  const { lastPolledAt, nextPollAt } = went
  expect(went).toMatchObject({ ...poll, polls: went.polls, lastPolledAt, nextPollAt })
  upstream.script('poll', { status: 'FAIL' })
  await receiver.waitFor(4)
  const [first, second] = receiver.receivedAt('/retry')
  expect(second).toMatchObject({ id: first?.id, body: first?.body, attempt: 2, verified: true })
  // The schedule counts from the first attempt, not from the restart.
  expect(second?.at).toBeGreaterThanOrEqual(Date.parse(soon.delivery.nextAttemptAt ?? '') - 1)
  expect(receiver.receivedAt('/poll')).toMatchObject([{ attempt: 1, type: 'idface.failed', verified: true }])
  expect(receiver.receivedAt('/much-later')).toHaveLength(1)
})
