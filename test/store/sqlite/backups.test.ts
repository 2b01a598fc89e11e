import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { HOUR } from '../../../src/core/duration.ts'
import type { BackupFault } from '../../../src/store/backup.ts'
import { findBackupProblem, makeBackup } from '../../../src/store/sqlite/backups.ts'
import { syncFile, syncFolderOf } from '../../../src/store/sqlite/file-system.ts'
import { damageTable } from '../../support/damage.ts'
import { EVERY_ACT } from '../../support/store.ts'
import { BY, configOf, faultOf, NOW, openScene, registrationsIn } from '../support/backup-scene.ts'

vi.mock('../../../src/store/sqlite/file-system.ts', { spy: true })

describe('a backup', () => {
  test('holds all rows, opens without anything beside it, and is noted in the database', async () => {
    const { bench, backups, file, path, backUp } = await openScene()
    const { at, bytes } = await backUp()
    expect(at).toBe(NOW)
    expect(bytes).toBe(statSync(file).size)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(registrationsIn(file)).toBe(3)
    expect(readdirSync(backups)).toEqual(['one.db'])
    expect((await bench.store.stats()).backup).toEqual({ good: { at: NOW, path: file, bytes }, failed: null })
    const act = { who: 'command', ...BY, at: NOW, act: 'database.backup', object: null }
    expect((await bench.store.listActs(EVERY_ACT)).found).toMatchObject([{ ...act, outcome: 'done' }])
    expect(findBackupProblem(configOf(path), file, { random: randomBytes, deep: true })).toBeNull()
  })

  test('is of one moment, however much is written while it is made, and holds up no writer', async () => {
    const { bench, file, path, backUp } = await openScene(0)
    const filling = { metadata: { filling: 'x'.repeat(1_500) } }
    for (let n = 0; n < 20; n++)
      await bench.store.register(Array.from({ length: 50 }, () => bench.newRegistration(filling)))
    let isMade = false
    let written = 0
    const made = backUp().finally(() => {
      isMade = true
    })
    while (!isMade) {
      await bench.store.register([bench.newRegistration()])
      written++
    }
    await made
    expect(written).toBeGreaterThan(1)
    expect(registrationsIn(path)).toBe(1_000 + written)
    const found = registrationsIn(file)
    expect(found).toBeGreaterThanOrEqual(1_000)
    expect(found).toBeLessThan(1_000 + written)
  })

  test('is synced as it is before it has its name, and then its folder is', async () => {
    const { file, backUp } = await openScene()
    const synced: unknown[] = []
    const note = (path: string) => void synced.push(path, readFileSync(path), existsSync(file))
    vi.mocked(syncFile).mockImplementationOnce(note)
    vi.mocked(syncFolderOf).mockImplementationOnce(note)
    await backUp()
    expect(synced).toEqual([`${file}.partial`, readFileSync(file), false, file, readFileSync(file), true])
  })

  test('overwrites nothing, and leaves nothing where it cannot be', async () => {
    const { folder, backups, file, path, backUp, bench } = await openScene()
    await backUp()
    const before = readFileSync(file)
    expect(await faultOf(backUp())).toBe('taken')
    expect(readFileSync(file).equals(before)).toBe(true)
    expect((await bench.store.stats()).backup).toMatchObject({ good: { path: file }, failed: null })
    expect(await faultOf(backUp(backups))).toBe('taken')
    const missing = join(folder, 'missing')
    expect(await faultOf(backUp(join(missing, 'one.db')))).toBe('not_usable')
    writeFileSync(join(backups, 'two.db.partial'), '')
    expect(await faultOf(backUp(join(backups, 'two.db')))).toBe('taken')
    expect(readdirSync(backups).sort()).toEqual(['one.db', 'two.db.partial'])
    const none = join(folder, 'none', 'none.db')
    expect(await faultOf(makeBackup(configOf(none, null), file, {} as never))).toBe('missing')
    expect(existsSync(join(folder, 'none'))).toBe(false)
    expect(existsSync(path)).toBe(true)
  })

  test('by hand into another folder ended the alarm of the one that cron cannot write', async () => {
    let now = NOW
    const { folder, backups, path, bench } = await openScene()
    const backUp = (file: string) => makeBackup(configOf(path), file, { now: () => now, random: randomBytes, by: BY })
    const failed = async () => (await bench.store.stats()).backup.failed
    const target = join(folder, 'missing', '1.db')
    expect(await faultOf(backUp(target))).toBe('not_usable')
    expect(await failed()).toEqual({ at: NOW, reason: 'not_usable', path: target })
    await backUp(join(backups, 'by-hand.db'))
    expect(await faultOf(backUp(join(folder, 'nowhere', '1.db')))).toBe('not_usable')
    expect(await failed()).toMatchObject({ path: target })
    mkdirSync(join(folder, 'missing'))
    await backUp(join(folder, 'missing', '2.db'))
    expect(await failed()).toBeNull()
    // Nobody tries that folder any more.
    expect(await faultOf(backUp(join(folder, 'mistyped', '1.db')))).toBe('not_usable')
    now += 37 * HOUR
    await backUp(join(backups, 'next-day.db'))
    expect(await failed()).toBeNull()
  })

  test('of a damaged database, or with another key, is refused', async () => {
    const { bench, backups, file, path, backUp } = await openScene()
    const other = randomBytes(32)
    const made = makeBackup(configOf(path, other), file, { now: () => NOW, random: randomBytes, by: BY })
    expect(await faultOf(made)).toBe('wrong_key')
    await bench.store.close()
    damageTable(path, 'registrations')
    expect(await faultOf(backUp())).toBe('damaged')
    expect(readdirSync(backups)).toEqual([])
  })
})

describe('a backup that was', () => {
  const cases: readonly { what: string; harm: (file: string) => void; fault: BackupFault }[] = [
    { what: 'cut off', harm: file => truncateSync(file, statSync(file).size - 4_096), fault: 'damaged' },
    { what: 'damaged', harm: file => damageTable(file, 'registrations'), fault: 'damaged' },
    { what: 'removed', harm: file => rmSync(file), fault: 'missing' },
  ]
  test.each(cases)('$what is refused, and the database left as it is', async ({ harm, fault }) => {
    const { bench, folder, path, file, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    const before = readFileSync(path)
    const files = readdirSync(folder)
    harm(file)
    expect(await faultOf(prepare())).toBe(fault)
    expect(findBackupProblem(configOf(path), file, { random: randomBytes, deep: true })).toMatchObject({ fault })
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readdirSync(folder).filter(name => !name.endsWith('.lock'))).toEqual(files)
  })
})
