import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { buildDiskShim, whyNoDiskShim } from '../../support/disk-shim.ts'
import { newFolder } from '../support/files.ts'

const CHILD = fileURLToPath(new URL('../support/child.ts', import.meta.url))

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

test.skipIf(whyNoDiskShim() !== null)(
  'a read on the other connection does not show a commit whose sync is under way',
  async () => {
    const folder = newFolder()
    const disk = buildDiskShim(join(folder, 'disk'))
    const args = [join(folder, 'notifier.db'), randomBytes(32).toString('hex'), 'list during sync']
    const child = fork(CHILD, args, { execArgv: [], env: { ...process.env, ...disk.env } })
    const result = await new Promise<{ lists: number; early: number; after: number }>((resolve, reject) => {
      child.on('message', message => {
        if (message === 'ready') child.send('go')
        else if (message === 'registered') {
          disk.set('slow')
          child.send('go')
        } else if ((message as { ok: boolean }).ok) resolve((message as { result: typeof result }).result)
        else reject(new Error(JSON.stringify(message)))
      })
      child.on('exit', code => reject(new Error(`ended with ${code}`)))
    })
    // The lists go on while the disk syncs for a second, and show the registration from the moment that it is told.
    expect(result).toMatchObject({ early: 0, after: 2 })
    expect(result.lists).toBeGreaterThan(1)
  },
)

describe('a disk that refuses to sync', () => {
  test.skipIf(whyNoDiskShim() !== null).each(CASES)(
    '$what is told broken once, and nothing later is acknowledged',
    async ({ command, says }) => {
      const folder = newFolder()
      const disk = buildDiskShim(join(folder, 'disk'))
      const [path, masterKey] = [join(folder, 'notifier.db'), randomBytes(32)]
      const env = { ...process.env, ...disk.env }
      const child = fork(CHILD, [path, masterKey.toString('hex'), 'register until broken'], {
        execArgv: [],
        env,
      })
      const answer = new Promise<Told>((resolve, reject) => {
        child.on('message', message => {
          if (message === 'ready') child.send('go')
          else if (message === 'registered') disk.set(command)
          else if ((message as { ok: boolean }).ok) resolve((message as { result: Told }).result)
          else reject(new Error(JSON.stringify(message)))
        })
        child.on('exit', code => reject(new Error(`ended with ${code}`)))
      })
      const { broken, acknowledged, partnerId, later } = await answer
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
