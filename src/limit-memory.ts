import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Delay after which the start is over. */
const SETTLED_MS = 1_000
/** V8 lets the heap grow to a multiple of its live part before it collects. This flag makes it 1.5 times. */
const GROWTH = '--heap-growing-percent=50'

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as Collect
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/**
 * Limits the growth of this thread's heap. One second later, frees once the remains of the start: compiled code,
 * modules, migrations. V8 would keep them, a sixth of the service's memory at rest, until much work has been done.
 */
export const limitMemory = (): void => {
  setFlagsFromString(GROWTH)
  setTimeout(collectGarbage, SETTLED_MS).unref()
}
