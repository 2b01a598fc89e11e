import { SECOND } from '../core/duration.ts'
import { createBulkActs } from '../worker/bulk-acts.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { clock } from './clock-and-ids.ts'
import { createRole, type Role, type RoleDeps } from './role.ts'

/** Goes on with the bulk acts of operators, from now on. It looks each second, since what it waits for may be a probe. */
export const openBulkActs = ({
  store,
  emit,
}: Pick<RoleDeps<never, 'now' | 'hints' | 'continueBulkActs'>, 'store' | 'emit'>): Role => {
  const bulkActs = createBulkActs({ store, clock, emit })
  store.hints.on('bulkActsDue', bulkActs.ring)
  const heartbeat = startHeartbeat({ everyMs: SECOND, rings: [bulkActs.ring], clock })
  return createRole({
    end: () => {
      heartbeat.stop()
      return bulkActs.stop()
    },
    // A step is short, and what is left is done after the next start.
    breakOff: () => {},
  })
}
