import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/core/duration.ts'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { openTestServer, type TestServer } from '../support/postgres.ts'
import { ADMIN_TOKEN, openService } from '../support/service.ts'
import { openScene } from './stage.ts'

const AHEAD_HOURS = 8

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
  await server.createDatabase('notifier')
  // As a node sees it whose clock shows the time of another zone.
  await query('CREATE SCHEMA stepped')
  await query(`CREATE FUNCTION stepped.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    'SELECT pg_catalog.clock_timestamp() - interval ''${AHEAD_HOURS} hours'''`)
  await query(`ALTER DATABASE ${server.nameOf('notifier')} SET search_path = stepped, public, pg_catalog`)
})
afterAll(() => server[Symbol.asyncDispose]())

const query = (text: string) => server.query(text, [], 'notifier')

test('a node whose clock is wrong judges what is asked, and names what is new, by the clock of the database', async () => {
  const overrides = { DATABASE_URL: server.urlOf('notifier'), MASTER_KEY: randomBytes(32).toString('base64') }
  await using scene = await openScene(overrides)
  await using service = await openService(scene.env)
  const admin = createAdminClient(service.url, ADMIN_TOKEN)
  const { apiKey } = await admin.createPartner('partner')
  const api = createApiClient(service.url, apiKey)
  const now = Date.now() - AHEAD_HOURS * HOUR
  const iso = (at: number) => new Date(at).toISOString()
  const callbackUrl = scene.receiver.urlFor('/hook')
  const asked = { idcardid: 'one', callbackUrl, expiresAt: iso(now + HOUR) }
  const registered = await api.call<{ id: string }>('POST', '/v1/registrations', asked)
  expect(registered).toMatchObject({ status: 201 })
  const until = encodeURIComponent(iso(now + 5 * MINUTE))
  const found = await admin.call<{ data: unknown[] }>('GET', `/v1/admin/registrations?until=${until}`)
  expect(found.body.data).toMatchObject([{ id: registered.body.id }])
})
