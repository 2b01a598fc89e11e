import { readFile } from 'node:fs/promises'
import { AppError, codeOf } from '../core/error.ts'

const BUILT = new URL('../../dist/served/', import.meta.url)

/**
 * The bytes of the client package of a version. `npm ci` and `npm pack` build this version's, `npm ci --ignore-scripts` does not.
 * Those of earlier versions may be kept beside it, for lock files that name them.
 */
export const readClientPackage = async (version: string, folder = BUILT): Promise<Uint8Array<ArrayBuffer>> => {
  try {
    return new Uint8Array(await readFile(new URL(`client-${version}.tgz`, folder)))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    throw new AppError('not_found', {
      en: "The client package of this version is not here. The operator builds the service's own with npm run build:client.",
      zh: '此处没有该版本的客户端包。运维人员可运行 npm run build:client 构建当前版本的客户端包。',
    })
  }
}
