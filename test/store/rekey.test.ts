import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createVault, sealedUnder } from '../../src/store/sealed.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { openScene } from '../e2e/stage.ts'
import { readTables } from '../privacy/support/tables.ts'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { runCli } from '../support/run-cli.ts'
import { ADMIN_TOKEN, type Environment, openFolder, openService, spawnCli } from '../support/service.ts'
import { onFile } from './support/files.ts'

const OLD = randomBytes(32)
const NEW = randomBytes(32)
const keysOf = (...[current, previous]: Buffer[]): Environment => ({
  ...(current ? { MASTER_KEY: current.toString('base64') } : {}),
  ...(previous ? { MASTER_KEY_PREVIOUS: previous.toString('base64') } : {}),
})

const MANY = 4_000

/** A service's database under the old key: a partner, a message that waits, and many more signing secrets. */
const openOldDatabase = async () => {
  const stack = new AsyncDisposableStack()
  const scene = stack.use(await openScene({ ...keysOf(OLD), RETRY_SCHEDULE: '10m' }))
  const { folder, upstream, receiver } = scene
  const path = join(folder, 'notifier.db')
  const start = async (...keys: Buffer[]) => {
    const { MASTER_KEY: _, ...env } = scene.env
    const service = await openService({ ...env, ...keysOf(...keys) })
    const api = (apiKey: string) => createApiClient(service.url, apiKey)
    return { ...service, api, [Symbol.asyncDispose]: service.stop }
  }
  const begin = async () => {
    await using service = await start(OLD)
    const partner = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('first')
    receiver.trust([partner.signingSecret])
    receiver.plan('/waiting', [500])
    upstream.setDefault({ status: 'SUCCESS', similarity: '97.5' })
    const api = service.api(partner.apiKey)
    const { id } = await api.register({ idcardid: 'waiting', callbackUrl: receiver.urlFor('/waiting') })
    await api.until(id, ({ delivery }) => delivery.attempts === 1)
    return { ...partner, waitingId: id }
  }
  const partner = await begin()
  const database = stack.adopt(new Database(path), one => void one.close())
  const { signingSecret } = sealedUnder({ masterKey: OLD }, randomBytes)
  const add = database.prepare(
    "INSERT INTO signing_secrets (id, partner_id, type, secret, created_at) VALUES (?, ?, 'v1', ?, 0)",
  )
  database.transaction(() => {
    for (let i = 0; i < MANY; i++) {
      const row = { id: `sec_${i}`, partnerId: `ptn_${i}` }
      add.run(row.id, row.partnerId, signingSecret.seal(row, new Secret(`secret of ${i}`)))
    }
  })()
  const left = database.prepare('SELECT count(*) FROM signing_secrets WHERE substr(secret, 1, 4) = ?').pluck()
  return {
    ...scene,
    path,
    partner,
    start,
    /** Signing secrets still under the old key. */
    left: () => left.get(Buffer.from(createVault(randomBytes, OLD).keyId, 'hex')) as number,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const rekeyEnv = (scene: { env: Environment }, ...keys: Buffer[]): Environment => ({
  DATABASE_URL: scene.env.DATABASE_URL ?? '',
  ...keysOf(...keys),
})

describe('O1 a wrong or missing master key', () => {
  test('is refused by every command before a row is touched', async () => {
    await using scene = await openOldDatabase()
    const before = readTables(scene.path)
    for (const keys of [[randomBytes(32)], [NEW, randomBytes(32)]]) {
      const { code, stderr } = await runCli(['rekey'], { cwd: scene.folder, env: rekeyEnv(scene, ...keys) })
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('MASTER_KEY') })
      await expect(scene.start(...keys)).rejects.toThrow('MASTER_KEY')
    }
    expect(readTables(scene.path)).toEqual(before)
  })

  test('is refused before the schema is brought up to date', async () => {
    await using folder = await openFolder()
    const path = join(folder.path, 'notifier.db')
    onFile(path, older => {
      older.exec('PRAGMA application_id = 1768187502; CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL)')
      older
        .prepare("INSERT INTO meta VALUES ('canary', ?)")
        .run(createVault(randomBytes, OLD).seal('idface-notifier', 'canary'))
    })
    const before = readTables(path)
    await expect(openSqliteStore({ path, masterKey: NEW, now: () => 1, defaultRate: 1 })).rejects.toThrow('MASTER_KEY')
    expect(readTables(path)).toEqual(before)
  })

  test('is not replaced by a new one where there is a database already', async () => {
    await using scene = await openOldDatabase()
    const before = readTables(scene.path)
    await expect(scene.start()).rejects.toThrow('MASTER_KEY')
    expect(existsSync(`${scene.path}.key`)).toBe(false)
    expect(readTables(scene.path)).toEqual(before)
  })
})

describe('O2 a change of the master key', () => {
  /** Kills the command as soon as no more than `share` of the secrets are left under the old key. */
  const killDuringRekey = async (scene: Awaited<ReturnType<typeof openOldDatabase>>, share: number) => {
    const atMost = Math.floor(MANY * share)
    await using command = spawnCli(['rekey'], { cwd: scene.folder, env: rekeyEnv(scene, NEW, OLD) })
    let isOver = false
    void command.exited.then(() => {
      isOver = true
    })
    while (!isOver && scene.left() > atMost) await new Promise(resolve => setImmediate(resolve))
    command.kill('SIGKILL')
    return (await command.exited).signal
  }

  test('killed on its way, serves with both keys throughout and ends with the new one alone', {
    timeout: 60_000,
  }, async () => {
    await using scene = await openOldDatabase()
    const { receiver, partner } = scene
    const callbackUrl = receiver.urlFor('/hook')
    const sendsWith = async (...keys: Buffer[]) => {
      await using service = await scene.start(...keys)
      const api = service.api(partner.apiKey)
      expect(await api.find(partner.waitingId)).toMatchObject({ result: { similarity: '97.5' } })
      const { id } = await api.register({ idcardid: `serial-${receiver.received.length}`, callbackUrl })
      await api.until(id, ({ delivery }) => delivery.state === 'delivered')
      expect(receiver.received.at(-1)?.verified).toBe(true)
    }

    for (const share of [0.8, 0.4]) {
      expect(await killDuringRekey(scene, share)).toBe('SIGKILL')
      expect(scene.left()).toBeGreaterThan(0)
      expect(scene.left()).toBeLessThan(MANY)
      await sendsWith(NEW, OLD)
    }
    expect(await runCli(['rekey'], { cwd: scene.folder, env: rekeyEnv(scene, NEW, OLD) })).toMatchObject({ code: 0 })
    await sendsWith(NEW)
    await expect(scene.start(OLD)).rejects.toThrow('MASTER_KEY')

    await using service = await scene.start(NEW)
    const api = service.api(partner.apiKey)
    await api.resend(partner.waitingId)
    await api.until(partner.waitingId, ({ delivery }) => delivery.state === 'delivered')
    expect(receiver.receivedAt('/waiting').map(({ verified }) => verified)).toEqual([true, true])
    expect(new Set(receiver.receivedAt('/waiting').map(({ body }) => body)).size).toBe(1)
  })
})
