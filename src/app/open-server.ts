import type { Config } from '../config/settings.ts'
import { listen } from '../http/listen.ts'
import { GRACE_MS, RECORD_MS, type Role, within } from './role.ts'

export interface ServerRole extends Role {
  /** Where it listens. */
  url: string
}

/**
 * Listens, and rejects when it cannot. To stop answers what is under way, and tells all other callers that the service stops, for as
 * long as another role has something under way; to break off closes the port.
 *
 * @param parts.stopping aborted when the stop begins
 */
export const openServer = async (
  fetch: Parameters<typeof listen>[0],
  parts: {
    server: Pick<Config['server'], 'host' | 'port'>
    stopping: AbortController
  },
): Promise<ServerRole> => {
  const { server, stopping } = parts
  const listener = await listen(fetch, server)
  return {
    url: listener.url,
    stop: () => {
      stopping.abort()
      return within(GRACE_MS, listener.drain())
    },
    // What a caller waits for still is ended by the end of the process.
    breakOff: () => within(RECORD_MS, listener.close()),
  }
}
