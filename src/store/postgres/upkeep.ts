import { SECOND } from '../../core/duration.ts'
import type { Transactions } from './connection.ts'
import { foldCounts } from './folding.ts'
import { pause, type Sleep } from './pause.ts'

export interface UpkeepOptions extends Pick<Transactions, 'write'> {
  sleep: Sleep
}

const FOLD_EVERY_MS = 2 * SECOND
/** Transactions of one turn. */
const MOST_FOLDS = 20

/** Folds the counts from time to time, on any number of nodes. Where it fails, it is tried again at its next time. Until `close`. */
export const startUpkeep = ({ write, sleep }: UpkeepOptions): { close(): Promise<void> } => {
  const closing = new AbortController()
  const keepFolding = async () => {
    while (!closing.signal.aborted) {
      await pause(sleep, FOLD_EVERY_MS, closing.signal)
        .then(() => foldCounts({ write }, MOST_FOLDS))
        .catch(() => {})
    }
  }
  const folded = keepFolding()
  return {
    close: async () => {
      closing.abort()
      await folded
    },
  }
}
