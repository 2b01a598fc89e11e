import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { useServer } from '../support/postgres-server.ts'
import { ADMIN_TOKEN, type Environment, openService } from '../support/service.ts'
import { openScene } from './stage.ts'

const { newDatabase } = useServer()

/** For several nodes. */
const openShared = async (more: Environment = {}) => {
  const { url } = await newDatabase()
  return openScene({ DATABASE_URL: url, MASTER_KEY: randomBytes(32).toString('base64'), ...more })
}

test('ROLES parts the work: a registration waits for a node that polls, and its webhook for one that delivers', async () => {
  await using scene = await openShared({ UPSTREAM_TIMEOUT: '5s', CALLBACK_TIMEOUT: '5s' })
  const { upstream, receiver } = scene
  upstream.script('serial', { status: 'SUCCESS' })
  await using api = await openService({ ...scene.env, ROLES: 'api' })
  const { apiKey, signingSecret } = await createAdminClient(api.url, ADMIN_TOKEN).createPartner('first')
  receiver.trust([signingSecret])
  const partner = createApiClient(api.url, apiKey)
  const { id } = await partner.register({ idcardid: 'serial', callbackUrl: receiver.urlFor('/hook') })
  expect((await partner.find(id)).polls).toBe(0)
  expect(upstream.calls).toEqual([])

  await using poller = await openService({ ...scene.env, ROLES: 'poll' })
  await partner.until(id, one => one.status === 'succeeded')
  expect((await partner.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 0 })

  await using deliverer = await openService({ ...scene.env, ROLES: 'deliver' })
  await partner.until(id, one => one.delivery.state === 'delivered')
  expect(receiver.received).toHaveLength(1)
  for (const { url } of [poller, deliverer]) expect((await fetch(`${url}/readyz`)).status).toBe(200)
})

test('a node without the role api serves probes and metrics, and nothing else', async () => {
  await using scene = await openScene({ ROLES: 'poll,deliver' })
  await using node = await openService(scene.env)
  const ask = (path: string, init?: RequestInit) => fetch(`${node.url}${path}`, init)
  for (const path of ['/healthz', '/readyz', '/metrics']) expect((await ask(path)).status).toBe(200)
  const authorization = `Bearer ${ADMIN_TOKEN}`
  for (const path of ['/', '/docs', '/openapi.json', '/v1/me', '/v1/admin/overview', '/v1/registrations']) {
    const answer = await ask(path, { headers: { authorization } })
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 404, 'application/problem+json'])
  }
  const refused = await ask('/v1/registrations', { method: 'POST', headers: { 'accept-language': 'zh' }, body: '{}' })
  expect(await refused.json()).toMatchObject({ status: 404, detail: expect.stringContaining('ROLES 不含 api') })
  const wrongMethod = await ask('/metrics', { method: 'POST' })
  expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

test('O5 two nodes with other settings know each other, and one that is stopped is not missed', async () => {
  await using scene = await openShared()
  await using first = await openService({ ...scene.env, ROLES: 'api' })
  const admin = createAdminClient(first.url, ADMIN_TOKEN)
  const nodesOf = async () => (await admin.call<{ data: unknown[] }>('GET', '/v1/admin/nodes')).body.data
  const nameOf = ({ url }: { url: string }) => `${hostname()}:${new URL(url).port}`
  expect(await nodesOf()).toMatchObject([{ name: nameOf(first), roles: ['api'], lost: false, differsIn: [] }])
  const second = await openService({ ...scene.env, ROLES: 'poll,deliver', RETENTION: '7d' })
  // Of two it is the first: the second is the operator's latest choice.
  expect(await nodesOf()).toMatchObject([
    { name: nameOf(first), differsIn: ['settings'] },
    { name: nameOf(second), roles: ['poll', 'deliver'], differsIn: [] },
  ])
  const ready = (await (await fetch(`${second.url}/readyz`)).json()) as { status: string; checks: { name: string }[] }
  const reason = expect.stringMatching(/the node node_\w+ differs from the one started last: settings \(RETENTION\)\.$/)
  expect(ready).toMatchObject({ status: 'ok' })
  expect(ready.checks.find(({ name }) => name === 'nodes')).toEqual({ name: 'nodes', ok: true, reason })
  const page = await (await fetch(`${second.url}/metrics`)).text()
  for (const line of ['idface_nodes_alive 2', 'idface_nodes_lost 0', 'idface_nodes_differing{trait="settings"} 1'])
    expect(page).toContain(line)
  await second.stop()
  expect(await nodesOf()).toMatchObject([{ name: nameOf(first), differsIn: [] }])
})
