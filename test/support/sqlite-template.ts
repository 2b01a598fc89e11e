import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore, type SqliteOptions } from '../../src/store/sqlite/store.ts'
import type { Store } from '../../src/store/store.ts'

type Options = Omit<SqliteOptions, 'path' | 'masterKey'>

/** Of all these stores. */
export const masterKey = randomBytes(32)

const newFolder = () => {
  // In memory where the system has a place for files there: nothing that is written has to last.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notifier-new-'))
  return { path: join(folder, 'notifier.db'), remove: () => rmSync(folder, { recursive: true }) }
}

const makeTemplate = async (options: Options): Promise<Buffer> => {
  const { path, remove } = newFolder()
  await (await openSqliteStore({ ...options, path, masterKey })).close()
  const bytes = readFileSync(path)
  remove()
  return bytes
}

let template: Promise<Buffer> | null = null

/** A store on a new file, copied from another one: all migrations take as long as everything else of opening. */
export const openNewStore = async (options: Options, copied?: Buffer): Promise<Store & { path: string }> => {
  template ??= makeTemplate(options)
  const bytes = copied ?? (await template)
  const { path, remove } = newFolder()
  writeFileSync(path, bytes)
  const store = await openSqliteStore({ ...options, path, masterKey })
  const close = async () => {
    await store.close()
    remove()
  }
  return { ...store, close, path }
}
