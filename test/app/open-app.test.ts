import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { getTasks } from 'node-cron'
import { expect, test, vi } from 'vitest'
import type { Store, StoreEvents } from '../../src/store/store.ts'
import { openFolder, openService, serviceEnvironment } from '../support/service.ts'

const NOWHERE = 'http://127.0.0.1:9/result'

/** A port that nobody listens on. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Whoever listens for this event of the store fails. */
const refusing =
  (event: keyof StoreEvents) =>
  (store: Store): Store => {
    const on = store.events.on.bind(store.events)
    vi.spyOn(store.events, 'on').mockImplementation((name, listener) => {
      if (name === event) throw new Error(`nobody may hear of ${event}`)
      return on(name, listener)
    })
    return store
  }

test.each([
  ['poller', 'verificationsDue'],
  ['deliverer', 'messagesDue'],
] as const)('a %s that cannot be opened leaves nothing listening and nothing running', async (_, event) => {
  await using folder = await openFolder()
  const port = await freePort()
  const env = { ...serviceEnvironment({ folder: folder.path, upstreamUrl: NOWHERE }), PORT: String(port) }
  await expect(openService(env, refusing(event))).rejects.toThrow('nobody may hear of')
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  expect(getTasks().size).toBe(0)
})
