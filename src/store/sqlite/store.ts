import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { tellHints } from '../hints.ts'
import { createOpenOr, sealedUnder } from '../sealed.ts'
import type { Store, StoreHints } from '../store.ts'
import { createVerbs } from '../verbs.ts'
import { openConnection } from './connection.ts'
import type { Context } from './context.ts'
import { createFileFigures } from './file-figures.ts'
import { bringUpToDate, type OpeningStep, refuseDamage } from './opening.ts'
import { lockForService } from './service-lock.ts'

export interface SqliteOptions {
  /** A file, or `:memory:`. */
  path: string
  /** 32 bytes. */
  masterKey: Buffer
  /** The one before it, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  now: () => number
  defaultRate: number
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
  masterKey,
  previousKey,
  now,
  defaultRate,
  quickCheck = false,
  isService = false,
  isCommand = false,
  onStep = () => {},
}: SqliteOptions): Promise<Store> => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  await using stack = new AsyncDisposableStack()
  if (isService) {
    const lock = lockForService(path)
    stack.defer(lock.release)
  }
  const connection = refuseDamage(() => openConnection(path, { now, onBroken: error => hints.emit('broken', error) }))
  stack.defer(() => connection.close())
  const context: Context = {
    ...connection,
    ...(isCommand && { endStart: () => {} }),
    sealed: sealedUnder({ masterKey, previousKey }, randomBytes),
    openOr: createOpenOr(hints),
    now,
    hints,
    tell: told => tellHints(hints, told),
    defaultRate,
  }
  await bringUpToDate(context, { quickCheck, onStep })
  const verbs = createVerbs({ calls: context, loops: context, searches: context }, createFileFigures(context.path))
  const opened = stack.move()
  const engineCounts = async () => connection.engineCounts()
  return { now, hints, ...verbs, engineCounts, close: () => opened.disposeAsync() }
}
