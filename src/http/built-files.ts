import { readFile } from 'node:fs/promises'
import { codeOf } from '../core/error.ts'

const BUILT = new URL('../../dist/served/', import.meta.url)
/** The packages that only developers have are at hand here. */
const isCheckout = import.meta.url.endsWith('.ts')

/** A file of swagger-ui. `npm run build` copies those that are served, so that whoever installs this has no need of the package. */
export const swaggerUi = (name: string): URL =>
  isCheckout ? new URL(name, import.meta.resolve('swagger-ui-dist/package.json')) : new URL(`swagger-ui/${name}`, BUILT)

/**
 * The bytes of the client package of a version; null: it is not there. `npm ci` and `npm pack` build this version's,
 * `npm ci --ignore-scripts` does not. Those of earlier versions may be kept beside it, for lock files that name them.
 */
export const readClientPackage = async (version: string, folder = BUILT): Promise<Uint8Array<ArrayBuffer> | null> => {
  try {
    return new Uint8Array(await readFile(new URL(`client-${version}.tgz`, folder)))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}
