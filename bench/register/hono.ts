import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { monotonicFactory } from 'ulid'
import { createNetworks } from '../../src/core/address.ts'
import { createApiKey, readApiKey } from '../../src/core/api-key.ts'
import { judgeUrl } from '../../src/core/callback-url.ts'
import { DAY } from '../../src/core/duration.ts'
import {
  checkedRegistration,
  type RegistrationBody,
  viewRegistration,
} from '../../src/http/partner/registration-schemas.ts'
import { NEW_REGISTRATION, type Registration, registrationOf } from '../../src/store/registrations/registration.ts'
import { newRegistration } from '../../test/support/store.ts'
import { answerMessages } from '../support/child.ts'

const POLICY = { allowHttp: false, allowed: createNetworks([]) }

/** Answers as the service does, but keeps nothing: no store, no log, no limits. */
const createApp = (
  keys: ReadonlyMap<string, { hash: Buffer; partnerId: string }>,
  newId: (prefix: string) => string,
) => {
  const app = new Hono<{ Variables: { partnerId: string } }>()
  const schema = checkedRegistration({
    now: Date.now,
    testSerials: false,
    judgeUrl: text => {
      const verdict = judgeUrl(text, POLICY)
      return verdict.ok ? { ok: true, value: verdict.url.href } : { ok: false, message: verdict.message }
    },
  })

  app.use('/v1/*', async (c, next) => {
    const [, token = ''] = /^Bearer +(\S+)$/.exec(c.req.header('authorization') ?? '') ?? []
    const key = readApiKey(token)
    const owner = key && keys.get(key.id)
    if (!owner || !timingSafeEqual(key.hash, owner.hash)) return c.json({ title: 'Unauthorized' }, 401)
    c.set('partnerId', owner.partnerId)
    return next()
  })

  app.post('/v1/registrations', async c => {
    const parsed = schema.safeParse(await c.req.json().catch(() => null))
    if (!parsed.success) return c.json({ title: 'Bad Request', errors: parsed.error.issues }, 400)
    const registration = register(parsed.data, { id: newId('reg'), partnerId: c.get('partnerId') })
    c.header('location', `/v1/registrations/${registration.id}`)
    return c.json(viewRegistration(registration), 201)
  })
  return app
}

const ITEM = newRegistration()

const register = (body: RegistrationBody, ids: { id: string; partnerId: string }): Registration => {
  const now = Date.now()
  const times = { createdAt: now, dueAt: now, expiresAt: body.expiresAt ?? now + DAY }
  return registrationOf(
    { ...ITEM, ...NEW_REGISTRATION, ...ids, idcardid: body.idcardid, callbackUrl: body.callbackUrl, ...times },
    { metadata: body.metadata ?? {}, verdict: null },
  )
}

const runHono = async () => {
  const ulid = monotonicFactory()
  const newId = (prefix: string) => `${prefix}_${ulid()}`
  const key = createApiKey(newId('key'), randomBytes)
  const app = createApp(new Map([[key.id, { hash: key.hash, partnerId: newId('par') }]]), newId)
  const { port } = await new Promise<AddressInfo>(resolve => {
    serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, resolve)
  })
  answerMessages(async () => ({ url: `http://127.0.0.1:${port}`, apiKey: key.text }))
}

if (import.meta.main) await runHono()
