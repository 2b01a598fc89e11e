import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OwnServer, openOwnServer, SHARED_SOCKET } from './postgres.ts'

/**
 * Before the first file of a run: a socket gives each client the folder of one PostgreSQL, which starts for the first
 * of them. After the last file it ends.
 */
// biome-ignore lint/style/noDefaultExport: vitest calls the default export
export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  // Once a run, though each project names it.
  if (process.env[SHARED_SOCKET] !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'notifier-shared-'))
  const path = join(folder, 'socket')
  let server: Promise<OwnServer> | null = null
  const door = createServer(socket => {
    server ??= openOwnServer()
    server.then(
      ({ folder }) => socket.end(folder),
      error => {
        process.stderr.write(`${error}\n`)
        socket.end()
      },
    )
  })
  await new Promise<void>(resolve => void door.listen(path, resolve))
  process.env[SHARED_SOCKET] = path
  return async () => {
    door.close()
    await server?.then(
      opened => opened[Symbol.asyncDispose](),
      () => {},
    )
    rmSync(folder, { recursive: true, force: true })
  }
}
