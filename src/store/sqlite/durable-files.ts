import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

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
