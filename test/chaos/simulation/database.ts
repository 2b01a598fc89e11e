import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import type { Store } from '../../../src/store/store.ts'
import { findInconsistencies } from '../../store/support/invariants.ts'
import type { Machine } from './node.ts'

/** Options of a store with any database. */
export interface Opening {
  now: () => number
  masterKey: Buffer
  defaultRate: number
  sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>
  random: (bytes: number) => Buffer
}

/** The database of a history. */
export interface Database {
  /** Of an SQLite file. */
  path: string
  /** Whether a call of it takes simulated time. */
  takesTime: boolean
  open: (machine: Machine, opening: Opening) => Promise<Store>
  findInconsistencies: () => Promise<string[]>
  remove: () => Promise<void>
}

const newFolder = () => mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notifier-chaos-'))
let template: Promise<Buffer> | null = null
/** All migrations take as long as a history. */
const makeTemplate = async (opening: Omit<Opening, 'sleep' | 'random'>): Promise<Buffer> => {
  const folder = newFolder()
  const path = join(folder, 'notifier.db')
  await (await openSqliteStore({ path, ...opening })).close()
  const bytes = readFileSync(path)
  rmSync(folder, { recursive: true })
  return bytes
}

/** A file, of one process alone. */
export const createFile = async (opening: Omit<Opening, 'sleep' | 'random'>): Promise<Database> => {
  const folder = newFolder()
  const path = join(folder, 'notifier.db')
  template ??= makeTemplate(opening)
  writeFileSync(path, await template)
  return {
    path,
    takesTime: false,
    open: (_, { now, masterKey, defaultRate }) => openSqliteStore({ path, now, masterKey, defaultRate }),
    findInconsistencies: async () => findInconsistencies(path),
    remove: async () => rmSync(folder, { recursive: true }),
  }
}
