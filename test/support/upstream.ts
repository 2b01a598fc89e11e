import type { Script } from '../../src/simulator/script.ts'
import * as simulator from '../../src/simulator/upstream.ts'
import { watchJournal } from './journal.ts'

/** A script for all serials without one, or a rule that gives one by serial. */
type DefaultScript = Script | ((idcardid: string) => Script | null) | null
type Options = Omit<simulator.UpstreamSimulatorOptions, 'defaultScript'> & { defaultScript?: DefaultScript }

/** The simulator of GetResult, with ways to wait. */
export const openUpstreamSimulator = async (options: Options) => {
  let fallback = options.defaultScript ?? null
  const defaultScript = (idcardid: string): Script | null =>
    typeof fallback === 'function' ? fallback(idcardid) : fallback
  const upstream = await simulator.openUpstreamSimulator({ ...options, defaultScript })
  const { next, waitFor } = watchJournal('call', { entries: upstream.calls, events: upstream.events })
  return {
    ...upstream,
    /** Sets the answers to serials without a script. */
    setDefault: (script: DefaultScript): void => {
      fallback = script
    },
    waitFor,
    /** The next call, about this serial if one is named. Rejects after 10 s. */
    nextCall: (idcardid?: string) => next(call => idcardid === undefined || call.idcardid === idcardid),
  }
}
