import { expect, test } from 'vitest'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { buildClockShim } from '../support/clock-shim.ts'
import { whyNoDiskShim } from '../support/disk-shim.ts'
import { ADMIN_TOKEN, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

const HOUR_S = 3_600
const DAY_S = 86_400

test.skipIf(whyNoDiskShim !== null)(
  'C1 a clock that is set back by an hour silences nothing, and one that is set forward by two days ends nobody at once',
  async () => {
    await using scene = await openScene()
    const { upstream, receiver } = scene
    const clock = buildClockShim(scene.folder)
    await using service = await spawnService({ ...scene.env, ...clock.env }, scene.folder)
    const { apiKey } = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('partner')
    const api = createApiClient(service.url, apiKey)
    upstream.script('waiting', { status: 'ING' })
    const { id } = await api.register({ idcardid: 'waiting', callbackUrl: receiver.urlFor('/hook') })
    await upstream.waitFor(2)
    const stepped = (sign: string) => service.line(line => line.includes(`"event":"clock.stepped","stepMs":${sign}`))

    clock.set(-HOUR_S)
    await stepped('-')
    await upstream.waitFor(upstream.calls.length + 3)

    clock.set(2 * DAY_S)
    await stepped('1')
    await upstream.waitFor(upstream.calls.length + 1)
    expect(await api.find(id)).toMatchObject({ status: 'pending', reason: null })
  },
)
