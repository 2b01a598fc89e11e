import { type OpenStoreDeps, openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import { clock, random } from './clock-and-ids.ts'

/** Opens the database that the settings name: for the service on a thread of its own, for a short command without one. */
export const openDatabase = (
  config: Parameters<typeof openStore>[0],
  { log, runs }: { log: Pick<Log, 'warn'>; runs: OpenStoreDeps['runs'] },
): Promise<Store> =>
  openStore(config, {
    now: clock.now,
    random,
    runs,
    onKeyCreated: path =>
      log.warn('master_key.created', {
        path,
        advice: 'keep a copy of this file apart from the database and its backups',
      }),
  })
