import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const PRIVATE = 0o600

/** Whatever has been written to the file, by whom ever, outlasts a power cut from now on. */
export const syncFile = (path: string): void => {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Without this a power cut may take back that a file in the folder was made, renamed or removed. */
export const syncFolderOf = (path: string): void => syncFile(dirname(path))

/** Writes a file that only its owner can read. It appears whole, or not at all; `syncFolderOf` makes that last. */
export const writeWhole = (path: string, text: string): void => {
  const draft = `${path}.draft`
  writeFileSync(draft, text, { mode: PRIVATE, flush: true })
  renameSync(draft, path)
}
