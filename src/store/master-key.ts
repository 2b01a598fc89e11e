import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/settings.ts'
import { codeOf, StartError } from '../core/error.ts'
import type { Secret } from '../core/secret.ts'
import { syncFolderOf } from './sqlite/file-system.ts'

const KEY_BYTES = 32

const bytesOf = (key: Secret | null): Buffer | undefined =>
  key === null ? undefined : Buffer.from(key.reveal(), 'base64')

/** The keys from the settings. */
export const keysOf = ({
  masterKey,
  previousMasterKey,
}: Pick<Config['storage'], 'masterKey' | 'previousMasterKey'>) => ({
  masterKey: bytesOf(masterKey),
  previousKey: bytesOf(previousMasterKey),
})

/**
 * Reads the key beside the SQLite file (32 bytes, base64), or creates it, readable by its owner only. Processes that
 * start at once get the same key. Throws if the file holds no key (a new one would not open the data), or if it is ours
 * and others can read or write it.
 */
export const keyBeside = (
  databasePath: string,
  random: (bytes: number) => Buffer,
): { key: Buffer; path: string; created: boolean } => {
  const path = `${databasePath}.key`
  const existing = findKeyBeside(databasePath)
  if (existing) return { key: existing, path, created: false }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const key = random(KEY_BYTES)
  if (writeKey(path, key, random(6).toString('hex'))) return { key, path, created: true }
  return { key: readKey(path) ?? key, path, created: false }
}

/** Returns null if there is none. Throws as `keyBeside` does. */
export const findKeyBeside = (databasePath: string): Buffer | null => readKey(`${databasePath}.key`)

const readKey = (path: string): Buffer | null => {
  const text = read(path)
  if (text === null) return null
  const mode = sharedModeOf(path)
  if (mode !== null)
    throw new StartError({
      en: `${path} can be read by others (${mode}): run chmod 600 ${path}; if somebody may have read it, change the key with rekey`,
      zh: `${path} 可被他人读取（${mode}）：请运行 chmod 600 ${path}；若可能已被读取，请用 rekey 更换密钥`,
    })
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length !== KEY_BYTES)
    throw new StartError({
      en: `${path} holds no key: it should be 32 bytes in base64`,
      zh: `${path} 中没有密钥：应为 32 字节的 base64`,
    })
  return key
}

/** Returns the mode, such as `0644`, of a file of ours that group or others can read or write; null for any other. */
const sharedModeOf = (path: string): string | null => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat || stat.uid !== process.getuid?.() || (stat.mode & 0o077) === 0) return null
  return `0${(stat.mode & 0o777).toString(8)}`
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Returns false if another process was faster. A link appears with its whole content, or not at all. */
const writeKey = (path: string, key: Buffer, suffix: string): boolean => {
  const draft = `${path}.${suffix}`
  try {
    writeFileSync(draft, `${key.toString('base64')}\n`, { flag: 'wx', mode: 0o600, flush: true })
    linkSync(draft, path)
    syncFolderOf(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}
