import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test, vi } from 'vitest'
import type { Store, StoreHints } from '../../src/store/store.ts'
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

/** Whoever listens for this hint of the store fails. */
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
  const port = await freePort()
  const env = { ...serviceEnvironment({ folder: folder.path, upstreamUrl: NOWHERE }), PORT: String(port) }
  await expect(openService(env, refusing(hint))).rejects.toThrow('nobody may hear of')
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})
