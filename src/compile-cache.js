import { lstatSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

const WRITABLE_BY_OTHERS = 0o022
/** In such a folder, as `/tmp` is, nobody may rename or remove what belongs to others. */
const STICKY = 0o1000

/**
 * Whether only this user and root can put anything into the folder: what lies in a compile cache is run. False where there is no
 * such folder, or only a link to one.
 *
 * @param {string} folder
 * @param {number | undefined} [uid] undefined: a system without users, such as Windows
 */
export const isOursAlone = (folder, uid = process.getuid?.()) => {
  if (uid === undefined) return true
  try {
    const { uid: owner, mode, isFolder } = look(folder)
    const above = look(dirname(folder))
    return (
      isFolder &&
      [uid, 0].includes(owner) &&
      (mode & WRITABLE_BY_OTHERS) === 0 &&
      [uid, 0].includes(above.uid) &&
      ((above.mode & WRITABLE_BY_OTHERS) === 0 || (above.mode & STICKY) !== 0)
    )
  } catch {
    return false
  }
}

/**
 * The folder if it can be a compile cache, made where there is none; otherwise null: then everything is compiled at each start.
 *
 * @param {string} folder
 */
export const openCache = folder => {
  try {
    // Node looks for packages in the folders above, also for another user than this one.
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    // It cannot be written, and may be there all the same.
  }
  return isOursAlone(folder) ? folder : null
}

/** @param {string} path */
const look = path => {
  const stat = lstatSync(path)
  return { uid: stat.uid, mode: stat.mode, isFolder: stat.isDirectory() }
}
