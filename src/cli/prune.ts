import { pruneAll } from '../worker/pruner.ts'
import { loadConfig, print, withStore } from './environment.ts'
import type { JsonOption } from './options.ts'

export const prune = ({ json }: JsonOption): Promise<void> =>
  withStore(async store => {
    const { retentionMs } = loadConfig('database').storage
    const pruned = await pruneAll({ store, retentionMs }, () => true)
    print(json ? JSON.stringify({ pruned }) : `Erased ${pruned} registrations with their messages and attempts.`)
  })
