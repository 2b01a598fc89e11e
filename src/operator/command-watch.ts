import { isoTime } from '../core/show-time.ts'
import type { LastBackup } from '../store/backup.ts'
import type { Stats } from '../store/stats/stats.ts'
import type { Emit } from '../telemetry/emit.ts'

const HELD = 'to send again, run: idface-notifier deliveries resume'

/**
 * Emits events for the changes that commands make in the database beside the service: deliveries held or resumed, and
 * backups done or failed. The first call emits a hold or failed backup that it finds.
 */
export const createCommandWatch = (
  emit: Emit<'deliveries.held' | 'deliveries.resumed' | 'backup.done' | 'backup.failed'>,
) => {
  let last: { heldAt: number | null; backup: LastBackup | null } = { heldAt: null, backup: null }

  return ({ deliveries: { heldAt }, backup }: Pick<Stats, 'deliveries' | 'backup'>): void => {
    const { good, failed } = backup
    if (heldAt !== null && last.heldAt === null) emit('deliveries.held', { since: isoTime(heldAt), advice: HELD })
    if (heldAt === null && last.heldAt !== null) emit('deliveries.resumed')
    const isNew = last.backup !== null && good?.at !== last.backup.good?.at
    if (good !== null && isNew) emit('backup.done', { at: isoTime(good.at), bytes: good.bytes })
    if (failed !== null && failed.at !== last.backup?.failed?.at)
      emit('backup.failed', { at: isoTime(failed.at), reason: failed.reason })
    last = { heldAt, backup }
  }
}
