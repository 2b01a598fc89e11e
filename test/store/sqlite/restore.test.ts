import { randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { StartError } from '../../../src/core/error.ts'
import { BackupError } from '../../../src/store/backup.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { openRestore } from '../../../src/store/sqlite/backups.ts'
import { EVERY_ACT } from '../../support/store.ts'
import { BY, configOf, faultOf, NOW, openScene, registrationsIn } from '../support/backup-scene.ts'
import { openBeside } from '../support/files.ts'

const restore = (prepared: Awaited<ReturnType<typeof openRestore>>, hold = false) => {
  prepared.commit({ hold, by: BY })
  prepared.close()
}

describe('a restore', () => {
  test('lists repeated work, and keeps the database before it', async () => {
    const { bench, path, file, reopen, backUp, prepare } = await openScene()
    await bench.resolve()
    await backUp()
    const later = await bench.register()
    await bench.store.close()
    const prepared = await prepare()
    expect(prepared.plan).toMatchObject({ registrations: 4, newest: expect.any(Number), willSend: 4, willAsk: 0 })
    const { keepsAs } = prepared.plan
    expect(keepsAs).toBe(`${path}.before-restore-20361126T030000000Z`)
    restore(prepared)

    expect(registrationsIn(keepsAs ?? '')).toBe(5)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const store = await reopen()
    expect(await store.findRegistration(bench.partnerId, later.id)).toBeNull()
    expect(await store.deliveriesHeldAt()).toBeNull()
    expect((await store.stats()).backup).toMatchObject({ good: { at: NOW, path: file }, failed: null })
    const act = { who: 'command', ...BY, act: 'database.restore', outcome: 'done' }
    expect((await store.listActs(EVERY_ACT)).found).toMatchObject([act])
    await store.close()
  })

  test.each([{ hold: false }, { hold: true }])(
    'stops the bulk acts that were under way then, also one that was stopped since: %j',
    async ({ hold }) => {
      const { bench, reopen, backUp, prepare } = await openScene()
      const counted = { count: 3, isCapped: false }
      const by = { reason: 'x', who: 'w', name: 'n', createdAt: NOW }
      const cancel = { partnerId: null, act: 'cancel', filter: ALL_REGISTRATIONS, counted, ...by } as const
      for (const id of ['bulk_1', 'bulk_2']) await bench.store.createBulkAct({ ...cancel, id, probe: id === 'bulk_2' })
      await bench.store.createBulkAct({ ...cancel, id: 'bulk_3', probe: false })
      for (const id of ['bulk_1', 'bulk_2']) await bench.store.startBulkAct(id)
      await backUp()
      await bench.store.stopBulkAct('bulk_1')
      await bench.store.close()
      restore(await prepare(), hold)

      const store = await reopen()
      expect(await store.continueBulkActs(10)).toEqual({ count: 0, isIdle: true, isOfPartner: false, cancelled: [] })
      const ended = (await store.listBulkActs({ limit: 10, before: null })).found.map(({ state, endedAt }) => [
        state,
        endedAt,
      ])
      expect(ended).toEqual([
        ['draft', null],
        ['stopped', NOW],
        ['stopped', NOW],
      ])
      expect(await store.startBulkAct('bulk_1')).toMatchObject({ outcome: 'changed' })
      await store.close()
    },
  )

  test('goes into an empty place', async () => {
    const { bench, folder, file, backUp } = await openScene()
    await backUp()
    await bench.store.close()
    const path = join(folder, 'elsewhere', 'notifier.db')
    const deps = { now: () => NOW, random: randomBytes }
    expect(await faultOf(openRestore(configOf(path, null), file, deps))).toBe('no_key')
    const prepared = await openRestore(configOf(path), file, deps)
    expect(prepared.plan).toMatchObject({ registrations: 3, keepsAs: null })
    restore(prepared)
    expect(registrationsIn(path)).toBe(3)
    expect(readdirSync(join(folder, 'elsewhere')).sort()).toEqual(['notifier.db', 'notifier.db.lock'])
  })

  test('is refused while a service has it open, and with the wrong key', async () => {
    const { bench, file, reopen, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    expect(await faultOf(prepare(file, { key: randomBytes(32) }))).toBe('wrong_key')
    const service = await reopen({ as: 'service' })
    await expect(prepare()).rejects.toThrow(StartError)
    await service.close()
  })

  test('is refused while a shell has it open, and keeps its rows', async () => {
    const { bench, folder, path, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    const shell = openBeside(path)
    shell.exec("INSERT INTO meta VALUES ('by a shell', 'x')")
    const prepared = await prepare()
    expect(() => prepared.commit({ hold: false, by: BY })).toThrow(BackupError)
    prepared.close()
    expect(shell.prepare("SELECT value FROM meta WHERE key = 'by a shell'").pluck().get()).toBe('x')
    shell.close()
    expect(readdirSync(folder).filter(name => name.includes('restor'))).toEqual([])
  })

  test('replaces a database that is damaged', async () => {
    const { bench, path, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    writeFileSync(path, 'x'.repeat(8_192))
    writeFileSync(`${path}-wal`, 'a log')
    restore(await prepare())
    expect(registrationsIn(path)).toBe(3)
  })

  test('that cannot write says where', async () => {
    if (process.getuid?.() === 0) return
    const { bench, folder, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    chmodSync(folder, 0o500)
    expect(await faultOf(prepare())).toBe('not_usable')
    chmodSync(folder, 0o700)
  })
})
