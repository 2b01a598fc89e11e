import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** By then the start is over. */
const SETTLED_MS = 1_000
/** V8 lets the heap grow to a multiple of what lives before it collects. This one is the live part, and half of it again. */
const GROWTH = '--heap-growing-percent=50'

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as Collect
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/**
 * Limits how far the heap of this thread grows. Frees, once and a second later, what its start has left in memory: compiled
 * code, modules, migrations. V8 would keep it, a sixth of the service's memory at rest, until there has been much work.
 */
export const limitMemory = (): void => {
  setFlagsFromString(GROWTH)
  setTimeout(collectGarbage, SETTLED_MS).unref()
}
