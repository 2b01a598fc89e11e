const BUILT = new URL('../../dist/served/', import.meta.url)
/** The packages that only developers have are at hand here. */
const isCheckout = import.meta.url.endsWith('.ts')

/** A file of swagger-ui. `npm run build` copies those that are served, so that whoever installs this has no need of the package. */
export const swaggerUi = (name: string): URL =>
  isCheckout ? new URL(name, import.meta.resolve('swagger-ui-dist/package.json')) : new URL(`swagger-ui/${name}`, BUILT)
