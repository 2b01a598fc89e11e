import type { ApiDeps } from '../../../src/http/api.ts'
import { type ListenLimits, listen } from '../../../src/http/listen.ts'
import { openApi } from '../../http/support/api.ts'

/** Limits that a test can wait for. */
const SHORT: ListenLimits = {
  headersTimeout: 300,
  requestTimeout: 600,
  keepAliveTimeout: 400,
  connectionsCheckingInterval: 25,
  mostConnections: 4_096,
}

/** The API on a real socket. */
export const openListening = async (limits: Partial<ListenLimits> = {}, overrides: Partial<ApiDeps> = {}) => {
  const api = await openApi(overrides)
  const listener = await listen(api.app.fetch, { host: '127.0.0.1', port: 0, limits: { ...SHORT, ...limits } })
  return {
    ...api,
    url: listener.url,
    close: listener.close,
    authorization: { authorization: `Bearer ${api.partner.key}` },
    [Symbol.asyncDispose]: async () => {
      await listener.close()
      await api[Symbol.asyncDispose]()
    },
  }
}
