import type { Socket } from 'node:net'
import { type ListenLimits, listen } from '../../../src/http/listen.ts'
import { type ApiOverrides, openApi } from '../../http/support/api.ts'

/** Limits that a test can wait for. */
const SHORT: ListenLimits = {
  headersTimeout: 300,
  requestTimeout: 600,
  keepAliveTimeout: 400,
  takingTimeout: 600,
  connectionsCheckingInterval: 25,
  mostConnections: 4_096,
}

/**
 * The API on a real socket. `handled`: the connection of each call it got.
 *
 * @param limits the service's own for a client that opens connections in advance and lets them rest, such as a browser: it was
 *     answered 408 on one that it had just begun to use
 */
export const openListening = async (limits: Partial<ListenLimits> = {}, overrides: ApiOverrides = {}) => {
  const all = { ...SHORT, ...limits }
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
