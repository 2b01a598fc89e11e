import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { buildDiskShim, whyNoDiskShim } from '../../support/disk-shim.ts'
import { newFolder } from '../support/files.ts'
import { CHILD, startScript } from '../support/processes.ts'

interface Told {
  broken: string[]
  acknowledged: string[]
  partnerId: string
  later: string[]
}

const CASES = [
  { command: 'fail-db', what: 'a checkpoint that fails', says: 'a checkpoint failed: SQLITE_IOERR_FSYNC' },
  { command: 'fail-wal', what: 'a commit whose sync fails', says: 'its disk fails: SQLITE_IOERR_FSYNC' },
] as const

type Disk = ReturnType<typeof buildDiskShim>

/** Runs a task of `CHILD` on such a disk; `onRegistered`: each time that it tells of a registration. */
const runTask = <Result>(task: string, onRegistered: (disk: Disk, child: ChildProcess) => void) => {
  const folder = newFolder()
  const disk = buildDiskShim(join(folder, 'disk'))
  const [path, masterKey] = [join(folder, 'notifier.db'), randomBytes(32)]
  const child = startScript(CHILD, [path, masterKey.toString('hex'), task], disk.env)
  const result = new Promise<Result>((resolve, reject) => {
    child.on('message', message => {
      if (message === 'ready') child.send('go')
      else if (message === 'registered') onRegistered(disk, child)
      else if ((message as { ok: boolean }).ok) resolve((message as { result: Result }).result)
      else reject(new Error(JSON.stringify(message)))
    })
    child.on('exit', code => reject(new Error(`ended with ${code}`)))
  })
  return { path, masterKey, child, result }
}

test.skipIf(whyNoDiskShim() !== null)(
  'a read on the other connection does not show a commit whose sync is under way',
  async () => {
    const listing = runTask<{ lists: number; early: number; after: number }>('list during sync', (disk, child) => {
      disk.set('slow')
      child.send('go')
    })
    const result = await listing.result
    // The lists go on while the disk syncs for a second, and show the registration from the moment that it is told.
    expect(result).toMatchObject({ early: 0, after: 2 })
    expect(result.lists).toBeGreaterThan(1)
  },
)

describe('a disk that refuses to sync', () => {
  test.skipIf(whyNoDiskShim() !== null).each(CASES)(
    '$what is signalled once, and nothing later is acknowledged',
    async ({ command, says }) => {
      const { path, masterKey, child, result } = runTask<Told>('register until broken', disk => disk.set(command))
      const { broken, acknowledged, partnerId, later } = await result
      expect(broken).toEqual([`the database cannot be used now (${says})`])
      expect(later).toEqual(later.map(() => 'rejected'))

      child.kill('SIGKILL')
      await once(child, 'close')
      const store = await openSqliteStore({ path, masterKey, now: Date.now, defaultRate: 1 })
      onTestFinished(() => store.close())
      for (const id of acknowledged) expect(await store.findRegistration(partnerId, id)).not.toBeNull()
    },
  )
})
