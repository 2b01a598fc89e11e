import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { type Load, type Run, sampleOf } from '../deliver/job.ts'
import { openChild } from '../support/child.ts'
import type { Contestant } from '../support/contest.ts'
import { openPostgres } from '../support/postgres.ts'
import type { Tree } from '../support/tree.ts'

const LOOK_EVERY_MS = 10

/** Our nodes, a process each, on one PostgreSQL. */
export const nodesContestant = (name: string, nodes: number, load: Load, tree: Tree): Contestant => ({
  name: tree.nameOf(name),
  run: async () => {
    await using database = await openPostgres()
    await using stack = new AsyncDisposableStack()
    const { connection } = database
    const children: ReturnType<typeof openChild>[] = []
    for (let n = 0; n < nodes; n++) {
      const child = stack.use(openChild(join(tree.folder, 'bench/deliver/ours.ts')))
      await child.ask({ kind: 'prepare', ...load, folder: '', database: connection, isFilled: n > 0 })
      children.push(child)
    }
    const client = new Client({ connectionString: connection })
    await client.connect()
    stack.defer(() => client.end())
    // As the queues are before they work.
    await client.query('vacuum analyze')
    await client.query('checkpoint')
    const { result: seconds, cost } = await database.measure(async () => {
      const startedAt = performance.now()
      for (const child of children) await child.ask({ kind: 'begin' })
      while ((await client.query("select from deliveries where state = 'pending' limit 1")).rowCount)
        await sleep(LOOK_EVERY_MS)
      return (performance.now() - startedAt) / 1000
    })
    const runs = await Promise.all(children.map(child => child.ask<Run>({ kind: 'end' })))
    return sampleOf({ jobs: load.jobs, seconds }, runs, cost)
  },
})
