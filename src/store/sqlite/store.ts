import { randomBytes } from 'node:crypto'
import { createClosing } from '../../core/closing.ts'
import { type ContextOptions, createContext, createHints } from '../context.ts'
import type { OpenAs } from '../opening.ts'
import { createVerbs, type Store } from '../store.ts'
import { openConnection } from './connection.ts'
import { createFileFigures } from './file-system.ts'
import { bringUpToDate, type OpeningStep, refuseDamage } from './opening.ts'
import { lockForService } from './service-lock.ts'

export interface SqliteOptions extends ContextOptions {
  /** A file, or `:memory:`. */
  path: string
  now: () => number
  /** Checks for damage before opening, in time proportional to the file's size; false by default. */
  quickCheck?: boolean
  /** A service refuses to run beside another one. A command keeps the long busy timeout of the start. */
  as?: OpenAs
  /** Called before the database is open, since a migration may take long. */
  onStep?: (step: OpeningStep) => void
}

/** Opens the SQLite file and brings it to the current schema. Throws as `bringUpToDate` does. */
export const openSqliteStore = async ({
  path,
  now,
  quickCheck = false,
  as,
  onStep = () => {},
  ...options
}: SqliteOptions): Promise<Store> => {
  const hints = createHints()
  await using stack = createClosing()
  if (as === 'service') {
    const lock = lockForService(path)
    stack.defer(lock.release)
  }
  const connection = refuseDamage(() =>
    openConnection(path, { now, as, onBroken: error => hints.emit('broken', error) }),
  )
  stack.defer(() => connection.close())
  const context = createContext(connection, options, { random: randomBytes, hints })
  await bringUpToDate(connection, { sealed: context.sealed, quickCheck, isReader: as === 'reader', onStep })
  connection.beginUpkeep()
  const verbs = createVerbs(context, { figuresOf: createFileFigures(connection.path) })
  const opened = stack.move()
  const engineCounts = async () => connection.engineCounts()
  return { now, hints, ...verbs, engineCounts, close: () => opened[Symbol.asyncDispose]() }
}
