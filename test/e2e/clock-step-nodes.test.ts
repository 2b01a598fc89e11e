import { expect, test } from 'vitest'
import { createApiClient } from '../support/api-client.ts'
import { buildClockShim } from '../support/clock-shim.ts'
import { whyNoDiskShim } from '../support/disk-shim.ts'
import { openTestServer } from '../support/postgres.ts'
import { runCli, spawnService } from '../support/service.ts'
import { bodyOf, openScene } from './stage.ts'

const HOUR_S = 3_600
const NEAR_MS = 60_000

test.skipIf(whyNoDiskShim !== null)(
  `C1, C2 a node whose clock is set an hour ahead, then an hour behind, does as the database's clock says${whyNoDiskShim === null ? '' : `: ${whyNoDiskShim}`}`,
  { timeout: 90_000 },
  async () => {
    await using server = await openTestServer()
    await using scene = await openScene({
      DATABASE_URL: await server.createDatabase('astray'),
      MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      UPSTREAM_TIMEOUT: '5s',
      CALLBACK_TIMEOUT: '5s',
    })
    const { env, folder, upstream, receiver } = scene
    const clock = buildClockShim(folder)
    const created = await runCli(['partner', 'create', 'astray', '--json'], { cwd: folder, env })
    const { apiKey, signingSecret } = JSON.parse(created.stdout) as { apiKey: string; signingSecret: string }
    receiver.trust([signingSecret])
    await using astray = await spawnService({ ...env, ...clock.env }, folder)
    await using right = await spawnService({ ...env, ROLES: 'api' }, folder)
    const api = createApiClient(astray.url, apiKey)
    const other = createApiClient(right.url, apiKey)
    upstream.script('waiting', { status: 'ING' })
    const waiting = await api.register({ idcardid: 'waiting', callbackUrl: receiver.urlFor('/hook') })

    for (const seconds of [HOUR_S, -HOUR_S, 0]) {
      clock.set(seconds)
      // Neither silence nor a storm.
      const before = upstream.calls.length
      const start = performance.now()
      await upstream.waitFor(before + 10)
      expect(performance.now() - start).toBeGreaterThan(500)
      // One that fails once and is sent again by the schedule.
      const idcardid = `after-${seconds}`
      receiver.plan(`/${idcardid}`, [500, 200])
      upstream.script(idcardid, { status: 'SUCCESS' })
      const { id, createdAt } = await api.register({ idcardid, callbackUrl: receiver.urlFor(`/${idcardid}`) })
      expect(Math.abs(Date.parse(createdAt) - Date.now())).toBeLessThan(NEAR_MS)
      const done = await other.until(id, ({ delivery }) => delivery.state === 'delivered')
      expect(done.delivery.attempts).toBe(2)
      const sent = receiver.received.filter(one => bodyOf(one).data.registrationId === id)
      // Its signature has a time that the receiver takes.
      expect(sent.map(({ verified, status }) => [verified, status])).toEqual([
        [true, 500],
        [true, 200],
      ])
      expect(new Set(sent.map(one => one.id)).size).toBe(1)
      expect(Math.abs(Date.parse(bodyOf(sent[0]).data.observedAt) - Date.now())).toBeLessThan(NEAR_MS)
    }
    expect(await other.find(waiting.id)).toMatchObject({ status: 'pending', reason: null })
    expect(astray.texts.stdout).not.toMatch(/"level":"error"/)
  },
)
