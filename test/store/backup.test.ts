import { randomBytes } from 'node:crypto'
import {
  cpSync,
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
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { BackupFault } from '../../src/store/backup.ts'
import { findBackupProblem, makeBackup, openRestore } from '../../src/store/backups.ts'
import { createSealed } from '../../src/store/sealed.ts'
import { drizzle, migrate } from '../../src/store/sqlite/drizzle.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import { createVault } from '../../src/store/vault.ts'
import { damageTable } from '../support/damage.ts'
import {
  BY,
  configOf,
  everyAct,
  faultOf,
  KEY,
  NOW,
  openFolder,
  openScene,
  registrationsIn,
} from './support/backup-scene.ts'

const MIGRATIONS = join(import.meta.dirname, '../../migrations/sqlite')

describe('a backup', () => {
  test('holds what was there, opens without anything beside it, and is told in the database', async () => {
    const { bench, backups, file, path, backUp } = await openScene()
    const { at, bytes } = await backUp()
    expect(at).toBe(NOW)
    expect(bytes).toBe(statSync(file).size)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(registrationsIn(file)).toBe(3)
    expect(readdirSync(backups)).toEqual(['one.db'])
    expect((await bench.store.stats()).backup).toEqual({ good: { at: NOW, path: file, bytes }, failed: null })
    const act = { who: 'command', ...BY, at: NOW, act: 'database.backup', object: null }
    expect((await bench.store.listActs(everyAct)).acts).toMatchObject([{ ...act, outcome: 'done' }])
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

  test('is made beside a service on its own thread, and of a database that nobody has open', async () => {
    const folder = openFolder()
    const path = join(folder, 'notifier.db')
    const options = { path, masterKey: KEY, now: Date.now, defaultRate: 1, isService: true }
    const deps = { now: Date.now, random: randomBytes, by: BY }
    const backUp = (name: string) => makeBackup(configOf(path), join(folder, name), deps)
    const service = await openRemoteStore(options)
    await backUp('beside.db')
    expect((await service.stats()).backup).toMatchObject({ good: { path: join(folder, 'beside.db') } })
    await service.close()
    await backUp('alone.db')
    expect(existsSync(`${path}-wal`)).toBe(false)
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

  test('of an older schema is made without changing it, and migrated by the start after its restore', async () => {
    const folder = openFolder()
    const path = join(folder, 'notifier.db')
    const migrations = join(folder, 'migrations')
    mkdirSync(join(migrations, 'meta'), { recursive: true })
    cpSync(join(MIGRATIONS, '0000_baseline.sql'), join(migrations, '0000_baseline.sql'))
    const journal = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'))
    const first = { ...journal, entries: journal.entries.slice(0, 1) }
    writeFileSync(join(migrations, 'meta/_journal.json'), JSON.stringify(first))
    const client = new Database(path)
    client.pragma('journal_mode = WAL')
    migrate(drizzle({ client }), { migrationsFolder: migrations })
    const { canary } = createSealed(createVault(randomBytes, KEY))
    client.prepare("INSERT INTO meta VALUES ('canary', ?)").run(canary.seal())
    client.pragma('application_id = 1768187502')
    client.exec("INSERT INTO partners (id, name, created_at) VALUES ('prt_1', 'old', 1)")
    client.close()

    const file = join(folder, 'old.backup')
    const deps = { now: () => NOW, random: randomBytes, by: BY }
    await makeBackup(configOf(path), file, deps)
    const prepared = await openRestore(configOf(path), file, deps)
    prepared.commit({ hold: true, by: BY })
    prepared.close()
    const store = await openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1 })
    expect(await store.findPartner('prt_1')).toMatchObject({ name: 'old' })
    expect(await store.deliveriesHeldAt()).toBe(NOW)
    await store.close()
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

  test('made by a later version, or of something else, is refused', async () => {
    const { bench, backups, path, prepare } = await openScene()
    await bench.store.close()
    const later = join(backups, 'later.db')
    writeFileSync(later, readFileSync(path))
    const client = new Database(later)
    client.pragma('journal_mode = DELETE')
    client
      .prepare('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
      .run('later', Number.MAX_SAFE_INTEGER)
    client.close()
    expect(await faultOf(prepare(later))).toBe('newer_schema')
    const strange = join(backups, 'strange.db')
    const other = new Database(strange)
    other.exec('CREATE TABLE things (id)')
    other.close()
    expect(await faultOf(prepare(strange))).toBe('not_ours')
    const text = join(backups, 'text.db')
    writeFileSync(text, 'Milk, bread, and a longer line than the header of a database has.')
    expect(await faultOf(prepare(text))).toBe('damaged')
  })
})
