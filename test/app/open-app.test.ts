import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { HOUR } from '../../src/core/duration.ts'
import type { StoreHints } from '../../src/store/hints.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { openScene } from '../e2e/stage.ts'
import { freePorts } from '../support/free-ports.ts'
import { openFolder, openService, serviceEnvironment } from '../support/service.ts'
import { openStoreFixture, WAITING } from '../support/store.ts'

const NOWHERE = 'http://127.0.0.1:9/result'

/** Listeners to this hint of the store fail. */
const refusing =
  (hint: keyof StoreHints) =>
  (store: Store): Store => {
    const on = store.hints.on.bind(store.hints)
    vi.spyOn(store.hints, 'on').mockImplementation((name, listener) => {
      if (name === hint) throw new Error(`nobody may hear of ${hint}`)
      return on(name, listener)
    })
    return store
  }

test.each([
  ['poller', 'verificationsDue'],
  ['deliverer', 'messagesDue'],
] as const)('a %s that cannot be opened leaves nothing listening', async (_, hint) => {
  await using folder = await openFolder()
  const [port] = await freePorts(1)
  const env = { ...serviceEnvironment({ folder: folder.path, upstreamUrl: NOWHERE }), PORT: String(port) }
  await expect(openService(env, refusing(hint))).rejects.toThrow('nobody may hear of')
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})

test('C1 a start asks about what was registered while the clock was an hour ahead', async () => {
  await using scene = await openScene()
  const read = readConfig(scene.env, 'upstream')
  if (!read.ok) throw new Error('the settings are those of every test')
  const { config } = read
  const ahead = { now: () => Date.now() + HOUR, random: randomBytes, sleep, as: 'command', emit: () => {} } as const
  {
    await using fixture = await openStoreFixture(async () => ({
      store: await openStore(config, ahead),
      advance: () => {},
    }))
    await fixture.register({ idcardid: 'serial' })
    await fixture.poll(WAITING)
  }
  await using service = await openService({ ...scene.env, IHUYI_ACCOUNT: 'C12345678', IHUYI_API_KEY: 'upstream-key' })
  await scene.upstream.waitFor(1)
  expect(scene.upstream.calls[0]?.idcardid).toBe('serial')
  await vi.waitFor(() =>
    expect(service.log).toContainEqual(expect.objectContaining({ event: 'due_times.done', count: 1 })),
  )
})
