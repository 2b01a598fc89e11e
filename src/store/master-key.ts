import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Reads the key beside the SQLite file, or makes it, readable by its owner only. 32 bytes, base64 in the file. */
export const keyBeside = (
  databasePath: string,
  random: (bytes: number) => Buffer,
): { key: Buffer; path: string; created: boolean } => {
  const path = `${databasePath}.key`
  try {
    return { key: Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'), path, created: false }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const key = random(32)
  const file = openSync(path, 'wx', 0o600)
  writeSync(file, `${key.toString('base64')}\n`)
  fsyncSync(file)
  closeSync(file)
  return { key, path, created: true }
}
