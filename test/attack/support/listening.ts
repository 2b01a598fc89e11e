import type { Socket } from 'node:net'
import { LIMITS, type ListenLimits, listen } from '../../../src/http/listen.ts'
import { type ApiOverrides, openApi } from '../../http/support/api.ts'

/**
 * The API on a real socket. `handled`: the connection of each call it got.
 *
 * @param limits the service's own unless a test waits for them: on a busy machine a third of a second can pass between a
 *     connection and its first byte, which was answered 408
 */
export const openListening = async (limits: Partial<ListenLimits> = {}, overrides: ApiOverrides = {}) => {
  const all = { ...LIMITS, connectionsCheckingInterval: 25, ...limits }
  const api = await openApi(overrides)
  const handled: Socket[] = []
  const fetch: Parameters<typeof listen>[0] = (request, env) => {
    handled.push(env.incoming.socket as Socket)
    return api.app.fetch(request, env)
  }
  const listener = await listen(fetch, { host: '127.0.0.1', port: 0, limits: all })
  return {
    ...api,
    handled,
    url: listener.url,
    close: listener.close,
    authorization: { authorization: `Bearer ${api.partner.key}` },
    [Symbol.asyncDispose]: async () => {
      await listener.close()
      await api[Symbol.asyncDispose]()
    },
  }
}
