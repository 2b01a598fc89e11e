import { expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { ADMIN_TOKEN, type Environment, openService, spawnService } from '../support/service.ts'
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

test.concurrent.each(['SIGTERM', 'SIGINT'] as const)(
  '%s lets what is in flight end, and records it',
  {
    timeout: 40 * SECOND,
  },
  async signal => {
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

    const { code, afterMs } = await end(service, signal)
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
  },
)

test.concurrent('gives up after ten seconds on a receiver that hangs, and sends the webhook after the restart', {
  timeout: 40 * SECOND,
}, async () => {
  await using run = await openRun({ CALLBACK_TIMEOUT: '11s' })
  const { api, upstream, receiver, service } = run
  receiver.plan('/hook', [{ fault: 'hang' }])
  upstream.script('hung', { status: 'SUCCESS' })
  const { id } = await api.register({ idcardid: 'hung', callbackUrl: receiver.urlFor('/hook') })
  await receiver.waitFor(1)
  const { code, afterMs } = await end(service, 'SIGTERM')
  expect(code).toBe(0)
  expect(afterMs).toBeLessThan(11 * SECOND)
  expect(service.texts.stderr).toBe('')

  await run.start()
  await receiver.waitFor(2, { timeoutMs: 20 * SECOND })
  const [first, second] = receiver.received
  expect(bodyOf(second).data.registrationId).toBe(id)
  expect(second).toMatchObject({ id: first?.id, body: first?.body, verified: true })
})

test.concurrent('a restart goes on where it was: polls, retries, and what was counted', {
  timeout: 40 * SECOND,
}, async () => {
  await using run = await openRun({ RETRY_SCHEDULE: '3s,1h' })
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
  await receiver.waitFor(4, { timeoutMs: 20 * SECOND })
  const [first, second] = receiver.receivedAt('/retry')
  expect(second).toMatchObject({ id: first?.id, body: first?.body, attempt: 2, verified: true })
  // The schedule counts from the first attempt, not from the restart.
  expect(second?.at).toBeGreaterThanOrEqual(Date.parse(soon.delivery.nextAttemptAt ?? '') - 1)
  expect(receiver.receivedAt('/poll')).toMatchObject([{ attempt: 1, type: 'idface.failed', verified: true }])
  expect(receiver.receivedAt('/much-later')).toHaveLength(1)
})

test.concurrent('what was under way at the end of the grace waited for its lease, and a verdict of that moment was lost', {
  timeout: 60 * SECOND,
}, async () => {
  await using scene = await openScene({ UPSTREAM_TIMEOUT: '25s', CALLBACK_TIMEOUT: '30s' })
  const { upstream, receiver } = scene
  // The disk is so slow that the verdict is recorded after the ten seconds.
  const recording = Promise.withResolvers<void>()
  const service = await openService(scene.env, store => ({
    ...store,
    settleVerifications: async settlements => {
      await recording.promise
      return store.settleVerifications(settlements)
    },
  }))
  const { apiKey, signingSecret } = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('partner')
  receiver.trust([signingSecret])
  const api = createApiClient(service.url, apiKey)
  upstream.script('late', { status: 'SUCCESS' })
  upstream.script('hanging', { fault: 'hang' })
  const asked = Promise.all([upstream.nextCall('late'), upstream.nextCall('hanging')])
  const late = await api.register({ idcardid: 'late', callbackUrl: receiver.urlFor('/late') })
  const hanging = await api.register({ idcardid: 'hanging', callbackUrl: receiver.urlFor('/hanging') })
  await asked
  const answered = () => service.log.some(({ event, kind }) => event === 'poll.answered' && kind === 'verdict')
  await expect.poll(answered).toBe(true)

  const startedAt = performance.now()
  const stopped = service.stop()
  // The call that hangs is broken off when the grace is over.
  await expect.poll(() => upstream.counts.inFlight, { timeout: 20 * SECOND }).toBe(0)
  recording.resolve()
  await stopped
  expect(performance.now() - startedAt).toBeLessThan(12 * SECOND)
  expect(service.log.map(({ event }) => event)).not.toContain('poll.settle_delayed')

  upstream.script('hanging', { status: 'FAIL' })
  await using again = await openService(scene.env)
  const after = createApiClient(again.url, apiKey)
  expect(await after.find(late.id)).toMatchObject({ status: 'succeeded', polls: 1 })
  // At once: its lease would have gone on for most of a minute.
  expect(await after.until(hanging.id, ({ status }) => status === 'failed')).toMatchObject({ polls: 1 })
})

test.concurrent('closed its port at once, and took 22 s while the database was silent', {
  timeout: 60 * SECOND,
}, async () => {
  await using scene = await openScene({ CALLBACK_TIMEOUT: '30s' })
  const { upstream, receiver } = scene
  let isSilent = false
  const never = Promise.withResolvers<never>().promise
  const silenced = (store: Store): Store =>
    Object.fromEntries(
      Object.entries(store).map(([name, verb]) => [
        name,
        typeof verb === 'function' && name !== 'now'
          ? (...args: unknown[]) => (isSilent ? never : (verb as (...args: unknown[]) => unknown)(...args))
          : verb,
      ]),
    ) as unknown as Store
  const service = await openService(scene.env, silenced)
  const { apiKey, signingSecret } = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('partner')
  receiver.trust([signingSecret])
  receiver.plan('/hook', [{ fault: 'hang' }])
  upstream.script('sent', { status: 'SUCCESS' })
  const api = createApiClient(service.url, apiKey)
  await api.register({ idcardid: 'sent', callbackUrl: receiver.urlFor('/hook') })
  await receiver.waitFor(1)

  isSilent = true
  const startedAt = performance.now()
  const stopped = service.stop()
  const get = (path: string) => fetch(`${service.url}${path}`, { signal: AbortSignal.timeout(SECOND) })
  const ready = await get('/readyz')
  expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close'])
  expect(await ready.json()).toMatchObject({ checks: [{ name: 'process', ok: false, reason: expect.any(String) }] })
  expect((await get('/healthz')).status).toBe(200)
  const refused = await get('/v1/registrations')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  await expect(stopped).rejects.toThrow('before the stop had to end')
  expect(performance.now() - startedAt).toBeLessThan(12 * SECOND)
  await expect(get('/healthz')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})
