import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { ADMIN_TOKEN, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

// It starts node, and waits for a deadline and for retries.
vi.setConfig({ testTimeout: 60_000 })

const UPSTREAM_KEY = 'e2e-upstream-key'
/** Each appears nowhere but where the test puts it. */
const MARKS = {
  metadata: 'mark-metadata-7f3a',
  message: 'mark-message-认证-91bc',
  livingScore: '61.734912',
  similarity: '95.283746',
  path: 'mark-path-5d2e',
  query: 'mark-query-c4d8',
  serial: 'markserial84629573610',
  excerpt: 'mark-excerpt-2b6f',
  status: 'mark-status-e1a7',
  wrongKey: 'mark-wrong-key-a9f0',
  userInfo: 'mark-userinfo-33d1',
  bodyField: 'mark-body-field-0c55',
}

test('no secret, score, message, path, metadata or whole serial is ever in the log', async () => {
  // Nobody here is too slow by accident: an attempt that timed out would use up a retry.
  const patient = { UPSTREAM_TIMEOUT: '10s', CALLBACK_TIMEOUT: '10s' }
  await using scene = await openScene({ LOG_LEVEL: 'trace', RETRY_SCHEDULE: '50ms,50ms,50ms', ...patient })
  const { env, folder, upstream, receiver } = scene
  await using service = await spawnService(env, folder)
  const created = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('marked')
  receiver.trust([created.signingSecret])
  const api = createApiClient(service.url, created.apiKey)
  const callbackUrl = `${receiver.urlFor(`/${MARKS.path}`)}?token=${MARKS.query}`
  const verdict = {
    status: 'SUCCESS',
    message: MARKS.message,
    livingScore: MARKS.livingScore,
    similarity: MARKS.similarity,
  }

  receiver.plan(`/${MARKS.path}`, [{ status: 500, body: MARKS.excerpt }, { fault: 'reset' }, { redirect: callbackUrl }])
  const idcardid = `${MARKS.serial}-1`
  const faults = [{ fault: 'reset' }, { http: 200 }, { body: `{"code":2,"x":"${MARKS.message}"` }] as const
  upstream.script(idcardid, { steps: [...faults, { body: '{"code":2}' }], ...verdict })
  const { id } = await api.register({ idcardid, callbackUrl, metadata: { note: MARKS.metadata } })
  await api.until(id, one => one.delivery.state === 'delivered')
  await api.resend(id)
  await receiver.waitFor(5)

  const expiresAt = new Date(Date.now() + 2_000).toISOString()
  upstream.script(`${MARKS.serial}-2`, { status: 'no_such_status' })
  const other = await api.register({ idcardid: `${MARKS.serial}-2`, callbackUrl, expiresAt })
  await api.until(other.id, one => one.delivery.state === 'delivered')

  const mistakes: unknown[] = [
    { idcardid, callbackUrl: `http://${MARKS.userInfo}:x@127.0.0.1/${MARKS.path}` },
    { idcardid, callbackUrl: `http://10.1.2.3/${MARKS.path}` },
    { idcardid: `${MARKS.serial}!`, callbackUrl, metadata: { note: 5, [MARKS.metadata]: null } },
    { idcardid, callbackUrl, [MARKS.bodyField]: MARKS.bodyField },
    { idcardid, callbackUrl, account: MARKS.bodyField },
  ]
  for (const body of mistakes) expect((await api.call('POST', '/v1/registrations', body)).status).toBe(422)
  await api.call('GET', `/v1/registrations?idcardid=${idcardid}&nonsense=${MARKS.query}`)
  await api.call('GET', `/v1/registrations/${MARKS.serial}`)
  await api.call('GET', `/${MARKS.path}?${MARKS.query}`)
  expect((await createApiClient(service.url, MARKS.wrongKey).call('GET', '/v1/registrations')).status).toBe(401)
  expect((await createApiClient(service.url, `${created.apiKey}x`).call('GET', '/v1/registrations')).status).toBe(401)
  expect((await createAdminClient(service.url, MARKS.wrongKey).call('GET', '/v1/admin/accounts')).status).toBe(401)

  upstream.account('e2e-account', { code: 405 })
  const paused = await api.register({ idcardid: `${MARKS.serial}-3`, callbackUrl: `${callbackUrl}&n=3` })
  await createAdminClient(service.url, ADMIN_TOKEN).untilAccount('e2e-account', account => account.paused)
  await api.cancel(paused.id)
  service.kill('SIGTERM')
  expect(await service.exited).toMatchObject({ code: 0 })

  const { stdout, stderr } = service.texts
  expect(stderr).toBe('')
  const events = stdout.trimEnd().split('\n')
  const told = new Set(events.map(line => (JSON.parse(line) as { event: string }).event))
  for (const event of [
    'master_key.created',
    'listening',
    'delivery.attempted',
    'poll.answered',
    'account.paused',
    'service.stopped',
  ])
    expect(told).toContain(event)

  const masterKeyFile = events.map(line => JSON.parse(line)).find(line => line.event === 'master_key.created')
  const masterKey = (await readFile(masterKeyFile?.path ?? join(folder, 'none'), 'utf8')).trim()
  const signatures = receiver.received.map(({ headers }) => String(headers['webhook-signature']).slice('v1,'.length))
  const secrets = [UPSTREAM_KEY, ADMIN_TOKEN, created.apiKey, created.signingSecret, masterKey, ...signatures]
  const parts = [created.signingSecret.slice('whsec_'.length), created.apiKey.slice(-20)]
  for (const mark of [...Object.values(MARKS), ...secrets, ...parts]) {
    expect(mark.length).toBeGreaterThan(7)
    expect(stdout.includes(mark), `"${mark}" is in the log`).toBe(false)
  }
})
