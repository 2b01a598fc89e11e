import { join } from 'node:path'
import { openChild } from '../support/child.ts'
import type { Contestant } from '../support/contest.ts'
import type { openReceiver } from '../support/receiver.ts'
import { openFolder } from '../support/service.ts'
import { HERE } from '../support/tree.ts'
import type { Load, Run } from './job.ts'

export interface Scene {
  receiver: Awaited<ReturnType<typeof openReceiver>>
  load: Load
}

/** A worker that needs nothing but itself and a file. */
export const alone = (name: string, file: string, { receiver, load }: Scene, { folder: root } = HERE): Contestant => ({
  name,
  run: async () => {
    using folder = openFolder()
    await using child = openChild(join(root, 'bench/deliver', file))
    await child.ask({ kind: 'prepare', ...load, folder: folder.path })
    const before = await receiver.seen()
    const { seconds, cpuSeconds } = await child.ask<Run>({ kind: 'run' })
    const after = await receiver.seen()
    return {
      jobsPerSecond: load.jobs / seconds,
      cpuMicros: (cpuSeconds * 1e6) / load.jobs,
      handshakes: after.handshakes - before.handshakes,
    }
  },
})
