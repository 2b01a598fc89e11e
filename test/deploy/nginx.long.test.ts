import { describe, expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'
import { HAS_NGINX, openNginx } from './nginx.ts'

const OPERATOR = '127.0.0.9'

const openProxied = async () => {
  await using stack = new AsyncDisposableStack()
  const stage = stack.use(await openStage({ TRUST_PROXY: '127.0.0.1/32' }))
  const port = Number(new URL(stage.service.url).port)
  const nginx = stack.use(await openNginx({ port, operator: OPERATOR }))
  const headers = { authorization: `Bearer ${stage.partner.apiKey}`, 'content-type': 'application/json' }
  const opened = stack.move()
  return { ...stage, nginx, headers, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

describe.skipIf(!HAS_NGINX)('the shipped configuration of nginx (skipped where there is none; Debian: nginx)', () => {
  test('hands requests to the service, waits of a minute too', async () => {
    await using proxied = await openProxied()
    const { nginx, headers, receiver, upstream } = proxied
    upstream.script('behind-nginx', { status: 'SUCCESS', afterMs: 500 })
    const body = JSON.stringify({ idcardid: 'behind-nginx', callbackUrl: receiver.urlFor('/hook') })
    const created = await nginx.call('/v1/registrations', { method: 'POST', headers, body })
    expect(created.status).toBe(201)
    const { id } = JSON.parse(created.body) as { id: string }
    const waited = await nginx.call(`/v1/registrations/${id}?wait=60s`, { headers })
    expect(JSON.parse(waited.body)).toMatchObject({ status: 'succeeded' })
    await nginx.call('/v1/registrations?idcardid=behind-nginx', { headers })
    expect(await nginx.log()).toContain('"GET /v1/registrations" 200')
    expect(await nginx.log()).not.toContain('behind-nginx')
  })

  test('tells the service whose request it is, whatever the caller says', async () => {
    await using proxied = await openProxied()
    const { nginx, service } = proxied
    const forged = { 'x-forwarded-for': '203.0.113.7', authorization: 'Bearer wrong' }
    await nginx.call('/v1/admin/partners', { from: OPERATOR, headers: forged })
    expect(service.log.find(({ event }) => event === 'admin.login_failed')).toMatchObject({ address: OPERATOR })
  })

  test('has the documents show the address that partners call, whatever the caller says', async () => {
    await using proxied = await openProxied()
    const forged = { host: 'n.example:8443', 'x-forwarded-host': 'evil.example', 'x-forwarded-prefix': '/evil' }
    const { body } = await proxied.nginx.call('/docs', { headers: forged })
    expect(body).toContain('export NOTIFIER_URL=https://n.example:8443\n')
    expect(body).not.toContain('evil')
  })

  test('keeps the admin API to the operator, the metrics to the machine, and plain http out', async () => {
    await using proxied = await openProxied()
    const { nginx } = proxied
    expect(await nginx.call('/v1/admin/partners', { from: '127.0.0.8' })).toMatchObject({ status: 403 })
    expect(await nginx.call('/v1/admin/partners', { from: OPERATOR })).toMatchObject({ status: 401 })
    for (const path of ['/console', '/console/sign-in', '/console/assets/console.css'])
      expect(await nginx.call(path, { from: '127.0.0.8' })).toMatchObject({ status: 403 })
    expect(await nginx.call('/console/', { from: OPERATOR })).toMatchObject({ status: 303 })
    expect(await nginx.call('/metrics')).toMatchObject({ status: 404 })
    expect((await fetch(`${nginx.plainUrl}/v1/me`, { redirect: 'manual' })).status).toBe(403)
  })

  test('lets through a body of 1 MiB, and has the service refuse a larger one', async () => {
    await using proxied = await openProxied()
    const { nginx, headers } = proxied
    const batch = (bytes: number) => {
      const empty = JSON.stringify({ registrations: [], padding: '' }).length
      return JSON.stringify({ registrations: [], padding: 'x'.repeat(bytes - empty) })
    }
    const post = (body: string) => nginx.call('/v1/registrations/batch', { method: 'POST', headers, body })
    expect(await post(batch(1_048_576))).toMatchObject({ status: 422 })
    const refused = await post(batch(1_600_000))
    expect(refused).toMatchObject({ status: 413, headers: { 'content-type': 'application/problem+json' } })
  })
})
