import { randomBytes } from 'node:crypto'
import { type ContextOptions, createContext, createHints } from '../context.ts'
import type { Store } from '../store.ts'
import { createVerbs } from '../verbs.ts'
import { openConnection } from './connection.ts'
import { createFileFigures } from './file-system.ts'
import { bringUpToDate, type OpeningStep, refuseDamage } from './opening.ts'
import { lockForService } from './service-lock.ts'

export interface SqliteOptions extends ContextOptions {
  /** A file, or `:memory:`. */
  path: string
  now: () => number
  /** Looks for damage before it opens, which takes time in proportion to the file's size; false unless given. */
  quickCheck?: boolean
  /** Refuses to work beside another service; false unless given. */
  isService?: boolean
  /** Has nothing else to do, and so always waits for another process as long as a start does; false unless given. */
  isCommand?: boolean
  /** Told before the database is open. A newer schema may take long. */
  onStep?: (step: OpeningStep) => void
}

/** Opens the SQLite file, at the current schema. Throws what `bringUpToDate` throws. */
export const openSqliteStore = async ({
  path,
  now,
  quickCheck = false,
  isService = false,
  isCommand = false,
  onStep = () => {},
  ...options
}: SqliteOptions): Promise<Store> => {
  const hints = createHints()
  await using stack = new AsyncDisposableStack()
  if (isService) {
    const lock = lockForService(path)
    stack.defer(lock.release)
  }
  const connection = refuseDamage(() => openConnection(path, { now, onBroken: error => hints.emit('broken', error) }))
  stack.defer(() => connection.close())
  const context = createContext(connection, options, { random: randomBytes, hints })
  await bringUpToDate(connection, { sealed: context.sealed, quickCheck, onStep })
  connection.beginUpkeep(isCommand)
  const verbs = createVerbs({ calls: context, loops: context, searches: context }, createFileFigures(connection.path))
  const opened = stack.move()
  const engineCounts = async () => connection.engineCounts()
  return { now, hints, ...verbs, engineCounts, close: () => opened.disposeAsync() }
}
