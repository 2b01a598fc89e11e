import { readFile } from 'node:fs/promises'
import { AppError, codeOf } from '../core/error.ts'

/** `npm ci` and `npm pack` make these files, `npm ci --ignore-scripts` does not. */
export const BUILT = new URL('../../dist/served/', import.meta.url)
export const DOCS = new URL('../../docs/', import.meta.url)

const NAME = /^\w[\w.-]*$/

/**
 * The bytes of a file that is served from `folder`. Client packages of earlier versions may be kept beside this version's, for lock
 * files that name them.
 */
export const readServed = async (name: string, folder: URL): Promise<Buffer<ArrayBuffer>> => {
  try {
    if (NAME.test(name)) return await readFile(new URL(name, folder))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  throw new AppError('not_found', {
    en: 'There is no page or file with this name. The operator makes those of this version with npm run build:served.',
    zh: '没有该名称的页面或文件。运维人员可运行 npm run build:served 生成当前版本的页面和文件。',
  })
}
