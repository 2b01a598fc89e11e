import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAdminClient, createApiClient, eventually } from '../support/api-client.ts'
import { buildDiskShim, whyNoDiskShim } from '../support/disk-shim.ts'
import { ADMIN_TOKEN, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

interface EventsJson {
  data: { messageId: string; registrationId: string; body: string }[]
  nextCursor: string
}

test.skipIf(whyNoDiskShim !== null)(
  'what a partner was sent or shown is there after a power cut, on a disk that takes a second to sync',
  {
    timeout: 40_000,
  },
  async () => {
    await using scene = await openScene({ MASTER_KEY: randomBytes(32).toString('base64'), RETRY_SCHEDULE: '100ms' })
    const disk = buildDiskShim(join(scene.folder, 'disk'))
    const { upstream, receiver } = scene
    await using service = await spawnService({ ...scene.env, ...disk.env }, scene.folder)
    const { apiKey, signingSecret } = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('partner')
    receiver.trust([signingSecret])
    receiver.plan('/hook', [{ fault: 'hang' }])
    upstream.script('serial', { status: 'SUCCESS' })
    disk.set('slow')
    const api = createApiClient(service.url, apiKey)
    const { id } = await api.register({ idcardid: 'serial', callbackUrl: receiver.urlFor('/hook') })
    await receiver.waitFor(1)
    const shown = { registration: await api.find(id), events: await api.get<EventsJson>('/v1/events') }
    service.kill('SIGKILL')
    await service.exited

    // GetResult would not tell the verdict again.
    upstream.script('serial', { status: 'ING' })
    const restored = { ...scene.env, DATABASE_URL: `file:${join(disk.safe, 'notifier.db')}` }
    await using again = await spawnService(restored, scene.folder)
    const after = createApiClient(again.url, apiKey)
    const { status, result, resolvedAt } = shown.registration
    expect(status).toBe('succeeded')
    expect(await after.find(id)).toMatchObject({ status, result, resolvedAt })
    const { data, nextCursor } = await after.get<EventsJson>('/v1/events')
    expect({ nextCursor, bodies: data.map(event => event.body) }).toEqual({
      nextCursor: shown.events.nextCursor,
      bodies: shown.events.data.map(event => event.body),
    })
    const [first] = receiver.received
    const second = await eventually(
      async () => receiver.received[1],
      delivery => delivery !== undefined,
    )
    expect(second).toMatchObject({ id: first?.id, body: first?.body, verified: true })
    await after.until(id, one => one.delivery.state === 'delivered')
  },
)
