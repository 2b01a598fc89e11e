import { type OpeningEvent, type OpenStoreDeps, openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { clock, random } from './clock-and-ids.ts'

/** Opens the database that the settings name. */
export const openDatabase = (
  config: Parameters<typeof openStore>[0],
  { emit, as }: { emit: Emit<OpeningEvent>; as: OpenStoreDeps['as'] },
): Promise<Store> => openStore(config, { now: clock.now, random, sleep: clock.sleep, as, emit })
