import { readFile } from 'node:fs/promises'
import { AppError, codeOf } from '../core/error.ts'

const BUILT = new URL('../../dist/served/', import.meta.url)
/** The packages that only developers have are at hand here. */
const isCheckout = import.meta.url.endsWith('.ts')

/** A file of swagger-ui. `npm run build` copies those that are served, so that whoever installs this has no need of the package. */
export const swaggerUi = (name: string): URL =>
  isCheckout ? new URL(name, import.meta.resolve('swagger-ui-dist/package.json')) : new URL(`swagger-ui/${name}`, BUILT)

/** The client as a package of its own. `npm ci` and `npm pack` build it; `npm ci --ignore-scripts` does not. */
const CLIENT_PACKAGE = new URL('client.tgz', BUILT)

/** The bytes of the client package. */
export const readClientPackage = async (file = CLIENT_PACKAGE): Promise<Uint8Array<ArrayBuffer>> => {
  try {
    return new Uint8Array(await readFile(file))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    throw new AppError('unavailable', {
      en: 'The client package has not been built here: the operator does it with npm run build:client.',
      zh: '此处尚未构建客户端包：请运维人员运行 npm run build:client。',
    })
  }
}
