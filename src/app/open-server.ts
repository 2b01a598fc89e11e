import type { Config } from '../config/settings.ts'
import { listen } from '../http/listen.ts'
import type { WaitingRoom } from '../http/waiting-room.ts'
import { clock } from './clock-and-ids.ts'
import type { Readiness } from './readiness.ts'
import { createRole, type Role } from './role.ts'

export interface ServerRole extends Role {
  /** Where it listens. */
  url: string
}

/**
 * Listens, and rejects when it cannot. To stop makes the service unready at once, and answers what is under way.
 *
 * @param parts.endWaits answers those who wait for something to happen
 */
export const openServer = async (
  fetch: Parameters<typeof listen>[0],
  parts: {
    server: Pick<Config['server'], 'host' | 'port'>
    readiness: Pick<Readiness, 'stopping'>
    waitingRoom: Pick<WaitingRoom, 'endLongestWait'>
    endWaits: () => void
  },
): Promise<ServerRole> => {
  const { server, readiness, waitingRoom, endWaits } = parts
  const listener = await listen(fetch, { ...server, sleep: clock.sleep, waitingRoom })
  return {
    url: listener.url,
    ...createRole({
      end: () => {
        readiness.stopping()
        endWaits()
        return listener.close()
      },
      // What a caller waits for still is ended by the end of the process.
      breakOff: () => {},
    }),
  }
}
