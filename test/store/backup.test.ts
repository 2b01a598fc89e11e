import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { BackupError, type BackupProblem } from '../../src/store/backup-problem.ts'
import { makeBackup, openRestore, verifyBackup } from '../../src/store/backups.ts'
import { ALL_REGISTRATIONS } from '../../src/store/registration-search.ts'
import { createSealed } from '../../src/store/sealed.ts'
import { drizzle, migrate } from '../../src/store/sqlite/drizzle.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openRemoteStore } from '../../src/store/sqlite/thread/remote-store.ts'
import { createVault } from '../../src/store/vault.ts'
import { damageTable } from '../support/damage.ts'
import { openBench } from '../support/store.ts'

const KEY = randomBytes(32)
const MIGRATIONS = join(import.meta.dirname, '../../migrations/sqlite')
/** After the ids of these tests, which are of today. */
const NOW = Date.parse('2036-11-26T03:00:00Z')

const BY = { name: 'zoe', reason: 'ticket 7' }
const everyAct = { who: null, act: null, since: null, before: null, limit: 10 }

const openFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-backup-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

type Config = Parameters<typeof makeBackup>[0]
const configOf = (path: string, key: Buffer | null = KEY): Config => {
  const masterKey = key && new Secret(key.toString('base64'))
  return { storage: { database: { kind: 'sqlite', path }, masterKey, previousMasterKey: null } } as unknown as Config
}

/** A database with a partner and so many registrations in a folder of its own, and where its backups go. */
const openScene = async (registrations = 3) => {
  const folder = openFolder()
  const path = join(folder, 'notifier.db')
  const backups = join(folder, 'backups')
  mkdirSync(backups)
  const open = async () => ({
    store: await openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1_000 }),
    advance: () => {},
  })
  const bench = await openBench(open)
  for (let n = 0; n < registrations; n++) await bench.register()
  onTestFinished(() => bench.store.close())
  const file = join(backups, 'one.db')
  const deps = { now: () => NOW, random: randomBytes, version: '1.2.3', onStep: () => {}, by: BY }
  const backUp = (to = file, more: Partial<Parameters<typeof makeBackup>[2]> = {}) =>
    makeBackup(configOf(path), to, { ...deps, signal: new AbortController().signal, ...more })
  const prepare = (from = file, { withoutManifest = false, key = KEY as Buffer | null } = {}) =>
    openRestore(configOf(path, key), from, { ...deps, withoutManifest })
  return { folder, path, backups, file, bench, backUp, prepare }
}

const problemOf = (run: Promise<unknown>): Promise<BackupProblem | null> =>
  run.then(
    () => null,
    (error: unknown) => {
      if (error instanceof BackupError) return error.problem
      throw error
    },
  )

const registrationsIn = (path: string): number => {
  const client = new Database(path, { readonly: true })
  try {
    return client.prepare<[], number>('SELECT count(*) FROM registrations').pluck().get() ?? 0
  } finally {
    client.close()
  }
}

describe('a backup', () => {
  test('holds what was there, opens without anything beside it, and is told in the database', async () => {
    const { bench, backups, file, path, backUp } = await openScene()
    const { manifest, isRecorded } = await backUp()
    expect(manifest).toMatchObject({
      format: 1,
      at: '2036-11-26T03:00:00.000Z',
      version: '1.2.3',
      bytes: statSync(file).size,
      counts: { registrations: 3, partners: 1, accounts: 1, messages: 0 },
    })
    expect(readdirSync(backups).sort()).toEqual(['one.db', 'one.db.manifest.json'])
    for (const name of readdirSync(backups)) expect(statSync(join(backups, name)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(`${file}.manifest.json`, 'utf8'))).toEqual(manifest)
    expect(readFileSync(`${file}.manifest.json`, 'utf8')).not.toContain(KEY.toString('base64'))
    expect(registrationsIn(file)).toBe(3)
    expect(readdirSync(backups)).toHaveLength(2)
    expect(isRecorded).toBe(true)
    const good = { at: NOW, path: file, bytes: manifest.bytes }
    expect(await bench.store.lastBackup()).toEqual({ good, failed: null })
    const act = { who: 'command', ...BY, at: NOW, act: 'database.backup', object: null }
    expect((await bench.store.listActs(everyAct)).acts).toMatchObject([{ ...act, outcome: 'done' }])
    expect(await bench.store.takeActsForLog(10)).toMatchObject([{ act: 'database.backup' }])
    expect(await verifyBackup(configOf(path), file, { random: randomBytes, deep: true })).toEqual({
      ok: true,
      manifest,
    })
  })

  test('is of one moment, however much is written while it is made, and holds up no writer', async () => {
    const { bench, file, path, backUp } = await openScene(0)
    const filling = { metadata: { filling: 'x'.repeat(1_500) } }
    for (let n = 0; n < 20; n++)
      await bench.store.register(Array.from({ length: 50 }, () => bench.newRegistration(filling)))
    let written = 0
    const writing: Promise<unknown>[] = []
    await backUp(file, {
      onStep: ({ step }) => {
        if (step !== 'copying') return
        written++
        writing.push(bench.store.register([bench.newRegistration()]))
      },
    })
    await Promise.all(writing)
    expect(written).toBeGreaterThan(1)
    expect(registrationsIn(file)).toBe(1_000)
    expect(registrationsIn(path)).toBe(1_000 + written)
  })

  test('is made beside a service on its own thread, and of a database that nobody has open', async () => {
    const folder = openFolder()
    const path = join(folder, 'notifier.db')
    const options = { path, masterKey: KEY, now: Date.now, defaultRate: 1, isService: true }
    const deps = { now: Date.now, random: randomBytes, version: '1', onStep: () => {}, by: BY }
    const backUp = (name: string) =>
      makeBackup(configOf(path), join(folder, name), { ...deps, signal: new AbortController().signal })
    const service = await openRemoteStore(options)
    await backUp('beside.db')
    expect(await service.lastBackup()).toMatchObject({ good: { path: join(folder, 'beside.db') } })
    await service.close()
    await backUp('alone.db')
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  test('overwrites nothing, and leaves nothing where it cannot be', async () => {
    const { folder, backups, file, path, backUp, bench } = await openScene()
    await backUp()
    const before = readFileSync(file)
    expect(await problemOf(backUp())).toEqual({ kind: 'exists', path: file })
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(await bench.store.lastBackup()).toMatchObject({ good: { path: file }, failed: null })
    expect(await problemOf(backUp(backups))).toEqual({ kind: 'is_folder', path: backups })
    const missing = join(folder, 'missing')
    expect(await problemOf(backUp(join(missing, 'one.db')))).toEqual({ kind: 'no_folder', path: missing })
    writeFileSync(join(backups, 'two.db.manifest.json'), '{}')
    expect(await problemOf(backUp(join(backups, 'two.db')))).toMatchObject({ kind: 'exists' })
    const stopping = new AbortController()
    stopping.abort()
    expect(await problemOf(backUp(join(backups, 'three.db'), { signal: stopping.signal }))).toEqual({ kind: 'stopped' })
    expect(readdirSync(backups).sort()).toEqual(['one.db', 'one.db.manifest.json', 'two.db.manifest.json'])
    const none = join(folder, 'none', 'none.db')
    expect(await problemOf(makeBackup(configOf(none, null), file, {} as never))).toEqual({
      kind: 'no_database',
      path: none,
    })
    expect(existsSync(join(folder, 'none'))).toBe(false)
    expect(existsSync(path)).toBe(true)
  })

  test('of an older schema is made without changing it, and migrated by the start after its restore', async () => {
    const folder = openFolder()
    const path = join(folder, 'notifier.db')
    const migrations = join(folder, 'migrations')
    mkdirSync(join(migrations, 'meta'), { recursive: true })
    cpSync(join(MIGRATIONS, '0000_init.sql'), join(migrations, '0000_init.sql'))
    const journal = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'))
    const first = { ...journal, entries: journal.entries.slice(0, 1) }
    writeFileSync(join(migrations, 'meta/_journal.json'), JSON.stringify(first))
    const client = new Database(path)
    client.pragma('journal_mode = WAL')
    migrate(drizzle({ client }), { migrationsFolder: migrations })
    const { canary } = createSealed(createVault(randomBytes, KEY))
    client.prepare("INSERT INTO meta VALUES ('canary', ?)").run(canary.seal())
    client.exec("INSERT INTO partners (id, name, created_at) VALUES ('prt_1', 'old', 1)")
    client.close()

    const file = join(folder, 'old.backup')
    const deps = { now: () => NOW, random: randomBytes, version: '1', onStep: () => {}, by: BY }
    const { manifest } = await makeBackup(configOf(path), file, { ...deps, signal: new AbortController().signal })
    expect(manifest.schema).toBe(first.entries[0].when)
    const prepared = await openRestore(configOf(path), file, { ...deps, withoutManifest: false })
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
    const deps = { now: () => NOW, random: randomBytes, version: '1', onStep: () => {}, by: BY }
    const made = makeBackup(configOf(path, other), file, { ...deps, signal: new AbortController().signal })
    expect(await problemOf(made)).toMatchObject({ kind: 'wrong_key', path })
    await bench.store.close()
    damageTable(path, 'registrations')
    expect(await problemOf(backUp())).toMatchObject({ kind: 'damaged', path })
    expect(readdirSync(backups)).toEqual([])
  })
})

describe('a backup that was', () => {
  const cases: readonly { what: string; harm: (file: string) => void; kind: BackupProblem['kind'] }[] = [
    { what: 'cut off', harm: file => truncateSync(file, statSync(file).size - 4_096), kind: 'wrong_size' },
    {
      what: 'damaged',
      harm: file => {
        const bytes = readFileSync(file)
        bytes.fill(0xff, bytes.length - 100)
        writeFileSync(file, bytes)
      },
      kind: 'wrong_hash',
    },
    { what: 'parted from its manifest', harm: file => rmSync(`${file}.manifest.json`), kind: 'no_manifest' },
    {
      what: 'given another manifest',
      harm: file => writeFileSync(`${file}.manifest.json`, '{"a":1}'),
      kind: 'bad_manifest',
    },
    { what: 'removed', harm: file => rmSync(file), kind: 'no_backup' },
    { what: 'left with a log', harm: file => writeFileSync(`${file}-wal`, 'a log'), kind: 'has_log' },
  ]
  test.each(cases)('$what is refused, and the database left as it is', async ({ harm, kind }) => {
    const { bench, folder, path, file, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    const before = readFileSync(path)
    const files = readdirSync(folder)
    harm(file)
    expect(await problemOf(prepare())).toMatchObject({ kind })
    expect(await verifyBackup(configOf(path), file, { random: randomBytes })).toMatchObject({
      ok: false,
      problem: { kind },
    })
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
    const without = { withoutManifest: true }
    expect(await problemOf(prepare(later, without))).toEqual({ kind: 'newer_schema', path: later })
    const strange = join(backups, 'strange.db')
    const other = new Database(strange)
    other.exec('CREATE TABLE things (id)')
    other.close()
    expect(await problemOf(prepare(strange, without))).toEqual({ kind: 'not_ours', path: strange })
    const text = join(backups, 'text.db')
    writeFileSync(text, 'Milk, bread, and a longer line than the header of a database has.')
    expect(await problemOf(prepare(text, without))).toMatchObject({ kind: 'damaged', path: text })
  })
})

describe('a restore', () => {
  test('says what is done again and what is lost, and keeps the database before it with its log', async () => {
    const { bench, path, file, backUp, prepare } = await openScene()
    await bench.resolve()
    await backUp()
    const later = await bench.register({ id: `reg_${'7ZZZZZZZZZ'}${'0'.repeat(16)}` })
    await bench.store.close()
    writeFileSync(`${path}-wal`, '')
    const prepared = await prepare()
    expect(prepared.plan).toMatchObject({ at: NOW, version: '1.2.3', willSend: 4, willAsk: 0, lost: 1 })
    const { keepsAs } = prepared.plan
    expect(keepsAs).toBe(`${path}.before-restore-20361126T030000000Z`)
    prepared.commit({ hold: false, by: BY })
    prepared.close()

    expect(registrationsIn(keepsAs ?? '')).toBe(5)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const store = await openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1 })
    expect(await store.findRegistration(bench.partnerId, later.id)).toBeNull()
    expect(await store.deliveriesHeldAt()).toBeNull()
    expect(await store.lastBackup()).toMatchObject({ good: { at: NOW, path: file }, failed: null })
    const act = { who: 'command', ...BY, act: 'database.restore', outcome: 'done' }
    expect((await store.listActs(everyAct)).acts).toMatchObject([act])
    expect(await store.takeActsForLog(10)).toMatchObject([act])
    await store.close()
  })

  test('holds deliveries where it is asked to', async () => {
    const { bench, path, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    const prepared = await prepare()
    prepared.commit({ hold: true, by: BY })
    prepared.close()
    const store = await openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1 })
    expect(await store.deliveriesHeldAt()).toBe(NOW)
    await store.close()
  })

  test.each([{ hold: false }, { hold: true }])(
    'went on with a bulk act that was stopped since: %j',
    async ({ hold }) => {
      const { bench, path, backUp, prepare } = await openScene()
      const counted = { count: 3, isCapped: false }
      const cancel = {
        act: 'cancel',
        filter: ALL_REGISTRATIONS,
        reason: 'x',
        who: 'w',
        name: 'n',
        counted,
        createdAt: NOW,
      } as const
      for (const id of ['bulk_1', 'bulk_2']) await bench.store.createBulkAct({ ...cancel, id, probe: id === 'bulk_2' })
      await bench.store.createBulkAct({ ...cancel, id: 'bulk_3', probe: false })
      for (const id of ['bulk_1', 'bulk_2']) await bench.store.startBulkAct(id)
      await backUp()
      await bench.store.stopBulkAct('bulk_1')
      await bench.store.close()
      const prepared = await prepare()
      expect(prepared.plan.willStop).toBe(2)
      prepared.commit({ hold, by: BY })
      prepared.close()

      const store = await openSqliteStore({ path, masterKey: KEY, now: () => NOW, defaultRate: 1 })
      expect(await store.continueBulkActs(10)).toEqual({ count: 0, isIdle: true, cancelled: [] })
      const ended = (await store.listBulkActs({ limit: 10, before: null })).map(({ state, endedAt }) => [
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

  test('goes into an empty place, and works without a manifest', async () => {
    const { bench, folder, file, backUp } = await openScene()
    await backUp()
    await bench.store.close()
    rmSync(`${file}.manifest.json`)
    const path = join(folder, 'elsewhere', 'notifier.db')
    const deps = { now: () => NOW, random: randomBytes, onStep: () => {}, by: BY }
    expect(await problemOf(openRestore(configOf(path, null), file, { ...deps, withoutManifest: true }))).toEqual({
      kind: 'no_key',
      path: `${path}.key`,
    })
    const prepared = await openRestore(configOf(path), file, { ...deps, withoutManifest: true })
    expect(prepared.plan).toMatchObject({ at: null, keepsAs: null, lost: null, counts: { registrations: 3 } })
    prepared.commit({ hold: false, by: BY })
    prepared.close()
    expect(registrationsIn(path)).toBe(3)
    expect(readdirSync(join(folder, 'elsewhere')).sort()).toEqual(['notifier.db', 'notifier.db.lock'])
  })

  test('is refused while a service has the database open, also one that starts meanwhile', async () => {
    const { bench, path, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    const options = { path, masterKey: KEY, now: () => NOW, defaultRate: 1, isService: true }
    const service = await openSqliteStore(options)
    expect(await problemOf(prepare())).toEqual({ kind: 'in_use', path, holders: [] })
    await service.close()

    const prepared = await prepare()
    const started = await openSqliteStore(options)
    expect(() => prepared.commit({ hold: false, by: BY })).toThrow(BackupError)
    prepared.close()
    await started.probe()
    await started.close()
    await (await openSqliteStore(options)).close()
  })

  test('with the wrong key is refused', async () => {
    const { bench, file, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    const problem = await problemOf(prepare(file, { key: randomBytes(32) }))
    expect(problem).toMatchObject({ kind: 'wrong_key', path: file })
  })

  test('that cannot write says where', async () => {
    if (process.getuid?.() === 0) return
    const { bench, folder, backUp, prepare } = await openScene()
    await backUp()
    await bench.store.close()
    chmodSync(folder, 0o500)
    expect(await problemOf(prepare())).toMatchObject({ kind: 'not_writable', path: folder })
    chmodSync(folder, 0o700)
  })
})
