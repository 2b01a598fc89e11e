import type { Database } from './database.ts'
import { openOutside } from './outside.ts'
import { benchEnvironment, type Environment, onDatabase, openFolder, openService } from './service.ts'
import { openNames } from './tls.ts'
import type { Tree } from './tree.ts'

/** `serve` from `tree` on a new database, a file unless `openDatabase` is given; GetResult and the receiver over plain HTTP. */
export const openScene = async (settings: Environment, tree: Tree, openDatabase?: () => Promise<Database>) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(openFolder())
  const names = stack.use(await openNames())
  const outside = stack.use(await openOutside(names, { scheme: 'http' }))
  const database = openDatabase ? stack.use(await openDatabase()) : null
  const { url, pid } = stack.use(
    await openService(
      folder.path,
      { ...benchEnvironment(folder.path, outside.upstreamUrl), ...settings, ...(database && onDatabase(database)) },
      { tree },
    ),
  )
  const opened = stack.move()
  return { outside, database, url, pid, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
