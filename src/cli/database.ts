import { clock } from '../app/clock-and-ids.ts'
import { resealAll } from '../store/resealing.ts'
import { runBatches } from '../worker/background-job.ts'
import { type JsonOption, loadConfig, print, withStore } from './environment.ts'

const PRUNE_BATCH = 100
const REKEY_BATCH = 200
/** A service beside it has the file to itself for this long after each batch. */
const REKEY_PAUSE_MS = 10
const MOST_PRINTED = 50

/** Opening the database has migrated it. */
export const migrate = ({ json }: JsonOption): Promise<void> =>
  withStore(async () => print(json ? JSON.stringify({ migrated: true }) : 'The database is at the current schema.'))

export const prune = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const { retentionMs } = loadConfig('database').storage
    const pruned = await runBatches(size => store.prune(store.now() - retentionMs, size), { size: PRUNE_BATCH })
    print(json ? JSON.stringify({ pruned }) : `Erased ${pruned} registrations with their messages and attempts.`)
  })

/** Each batch is one transaction, so this may be killed anywhere. Both keys are needed until it has ended. */
export const rekey = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const { moved: resealed, unreadable } = await resealAll(store.reseal, {
      size: REKEY_BATCH,
      pause: () => clock.sleep(REKEY_PAUSE_MS),
    })
    if (json) return print(JSON.stringify({ resealed, unreadable }))
    const advice = 'Remove MASTER_KEY_PREVIOUS once every node runs with the new key.'
    print(`Sealed ${resealed} values under MASTER_KEY. ${advice}`)
    if (unreadable.length === 0) return
    print(
      `${unreadable.length} values open under neither key and were left as they are ("An unreadable value" in docs/operations.md):`,
    )
    for (const { table, id } of unreadable.slice(0, MOST_PRINTED)) print(`  ${table} ${id}`)
    if (unreadable.length > MOST_PRINTED) print('  and more, which --json names')
  })
