import { runBatches } from '../worker/background-job.ts'
import { loadConfig, print, withStore } from './environment.ts'
import type { JsonOption } from './options.ts'

const BATCH = 100

export const prune = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const { retentionMs } = loadConfig('database').storage
    const pruned = await runBatches(size => store.prune(store.now() - retentionMs, size), { size: BATCH })
    print(json ? JSON.stringify({ pruned }) : `Erased ${pruned} registrations with their messages and attempts.`)
  })
