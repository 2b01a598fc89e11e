import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** By then the start is over, and what came of it is garbage. */
const SETTLED_MS = 1_000

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as Collect
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/**
 * Gives back, a second later and once, what this thread's start has left in memory: compiling, modules, migrations. V8 keeps
 * it, a sixth of the service's memory at rest, until there has been a good deal of work.
 */
export const tidySoon = (): void => {
  setTimeout(collectGarbage, SETTLED_MS).unref()
}
