import { runBatches } from '../worker/background-job.ts'
import { type JsonOption, loadConfig, print, withStore } from './environment.ts'

const PRUNE_BATCH = 100
const REKEY_BATCH = 200

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
    const resealed = await runBatches(size => store.reseal(size), { size: REKEY_BATCH })
    const advice = 'Remove MASTER_KEY_PREVIOUS once every node runs with the new key.'
    print(json ? JSON.stringify({ resealed }) : `Sealed ${resealed} values under MASTER_KEY. ${advice}`)
  })
