import { join } from 'node:path'
import { openChild } from '../support/child.ts'
import type { Contestant } from '../support/contest.ts'
import { openPostgres, settleRows } from '../support/postgres.ts'
import type { openReceiver } from '../support/receiver.ts'
import { openFolder } from '../support/service.ts'
import { HERE, type Tree } from '../support/tree.ts'
import { type Load, type Run, sampleOf } from './job.ts'

export interface Scene {
  receiver: Awaited<ReturnType<typeof openReceiver>>
  load: Load
}

/**
 * A worker that needs nothing but itself and a file.
 *
 * @param onPostgres with a PostgreSQL of its own instead of the file
 */
export const alone = (
  name: string,
  file: string,
  { receiver, load }: Scene,
  { tree = HERE, onPostgres = false }: { tree?: Tree; onPostgres?: boolean } = {},
): Contestant => ({
  name: tree.nameOf(name),
  run: async () => {
    using folder = openFolder()
    await using database = onPostgres ? await openPostgres() : null
    await using child = openChild(join(tree.folder, 'bench/deliver', file))
    const place = { folder: folder.path, ...(database && { database: database.connection }) }
    await child.ask({ kind: 'prepare', ...load, ...place })
    if (database) await settleRows(database.connection)
    const before = await receiver.seen()
    const run = () => child.ask<Run>({ kind: 'run' })
    const { result, cost } = database ? await database.measure(run) : { result: await run(), cost: undefined }
    const after = await receiver.seen()
    return { ...sampleOf(load.jobs, result, cost), handshakes: after.handshakes - before.handshakes }
  },
})
