import { type OpeningEvent, type OpenStoreDeps, openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { clock, random } from './clock-and-ids.ts'

/** Opens the database that the settings name: on a thread of its own for the service, without one for a short command. */
export const openDatabase = (
  config: Parameters<typeof openStore>[0],
  { emit, runs }: { emit: Emit<OpeningEvent>; runs: OpenStoreDeps['runs'] },
): Promise<Store> => openStore(config, { now: clock.now, random, sleep: clock.sleep, runs, emit })
