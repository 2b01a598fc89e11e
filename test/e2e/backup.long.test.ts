import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import { onFile } from '../store/support/files.ts'
import { createAdminClient, createApiClient, eventually } from '../support/api-client.ts'
import { buildDiskShim, whyNoDiskShim } from '../support/disk-shim.ts'
import { ADMIN_TOKEN, type Environment, openFolder, runCliApart, spawnCli, spawnService } from '../support/service.ts'
import { bodyOf, openScene } from './stage.ts'

vi.setConfig({ testTimeout: 120_000 })

const CLIENTS = 4
const MASTER_KEY = randomBytes(32).toString('base64')

const later = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const verdictOf = (idcardid: string): 'SUCCESS' | 'FAIL' => (Number(idcardid.slice(-1)) % 2 === 0 ? 'SUCCESS' : 'FAIL')

/** Registers one serial after another until the service is gone; when each was acknowledged. */
const createClients = (url: string, apiKey: string, callbackUrl: string) => {
  const acknowledged = new Map<string, { id: string; at: number }>()
  let isGone = false
  const run = async (name: number) => {
    const { call } = createApiClient(url, apiKey)
    for (let n = 0; !isGone; n++) {
      const idcardid = `drill-${name}-${n}`
      const answer = await call<RegistrationAnswer>('POST', '/v1/registrations', { idcardid, callbackUrl }).catch(
        () => null,
      )
      if (answer === null) return
      if (answer.status === 201) acknowledged.set(idcardid, { id: answer.body.id, at: Date.now() })
    }
  }
  const running = Promise.all(Array.from({ length: CLIENTS }, (_, name) => run(name)))
  return {
    acknowledged,
    untilAcknowledged: (count: number) =>
      eventually(
        async () => acknowledged.size,
        size => size >= count,
      ),
    ended: async () => {
      isGone = true
      await running
    },
  }
}

test('a drill: backed up under load, killed, restored at the second try, it tells everybody under the same ids', async () => {
  await using scene = await openScene({ MASTER_KEY, RETRY_SCHEDULE: Array(40).fill('50ms').join(',') })
  const { env, folder, upstream, receiver } = scene
  upstream.setDefault(idcardid => ({ status: verdictOf(idcardid), afterMs: idcardid.endsWith('7') ? 300 : 0 }))
  receiver.plan('/hook', [200, 500, 200, 200, 503, 200])
  await using service = await spawnService(env, folder)
  const { apiKey, signingSecret } = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('drilling')
  receiver.trust([signingSecret])
  const clients = createClients(service.url, apiKey, receiver.urlFor('/hook'))
  await clients.untilAcknowledged(100)

  const file = join(folder, 'backups', 'drill.db')
  mkdirSync(join(folder, 'backups'))
  const backedUp = await runCliApart(['backup', file, '--json'], { cwd: folder, env })
  expect(backedUp).toMatchObject({ code: 0 })
  const backup = JSON.parse(backedUp.stdout) as { at: string }
  const before = [...clients.acknowledged].filter(([, { at }]) => at < Date.parse(backup.at))
  expect(before.length).toBeGreaterThanOrEqual(100)
  await clients.untilAcknowledged(clients.acknowledged.size + 50)
  expect(service.texts.stdout).not.toContain('"level":"error"')
  const running = await runCliApart(['restore', file, '--yes'], { cwd: folder, env })
  expect(running).toMatchObject({ code: 1, stdout: '' })
  expect(running.stderr).toContain('another service has ')
  service.kill('SIGKILL')
  await service.exited
  await clients.ended()

  await using killed = spawnCli(['restore', file, '--yes'], { cwd: folder, env })
  await later(250)
  killed.kill('SIGKILL')
  await killed.exited
  const restored = await runCliApart(['restore', file, '--yes', '--hold', '--json'], { cwd: folder, env })
  expect(restored).toMatchObject({ code: 0 })
  expect(JSON.parse(restored.stdout)).toMatchObject({ held: true, newest: expect.any(String) })

  await using again = await spawnService(env, folder)
  const api = createApiClient(again.url, apiKey)
  const seen = receiver.received.length
  const decided = await eventually(
    () => Promise.all(before.map(([, { id }]) => api.find(id))),
    all => all.every(({ status }) => status !== 'pending'),
  )
  for (const { idcardid, status } of decided)
    expect(status).toBe(verdictOf(idcardid) === 'SUCCESS' ? 'succeeded' : 'failed')
  expect(receiver.received).toHaveLength(seen)
  expect(await again.line(line => line.includes('"deliveries.held"'))).toContain('deliveries resume')
  const ready = (await (await fetch(`${again.url}/readyz`)).json()) as { checks: { name: string; reason: string }[] }
  expect(ready.checks.find(({ name }) => name === 'deliveries')?.reason).toContain('held all webhooks')

  expect(await runCliApart(['deliveries', 'resume'], { cwd: folder, env })).toMatchObject({ code: 0 })
  await eventually(
    () => Promise.all(before.map(([, { id }]) => api.find(id))),
    all => all.every(({ delivery }) => delivery.state === 'delivered'),
  )
  const ids = new Map<string, Set<string | null>>()
  for (const delivery of receiver.received) {
    const { registrationId, idcardid, status } = bodyOf(delivery).data
    expect(delivery.verified).toBe(true)
    expect(status).toBe(verdictOf(idcardid))
    ids.set(registrationId, (ids.get(registrationId) ?? new Set()).add(delivery.id))
  }
  for (const [, { id }] of before) expect(ids.get(id)?.size).toBe(1)
  again.kill('SIGTERM')
  expect(await again.exited).toMatchObject({ code: 0 })
})

const partnersIn = (path: string): unknown[] =>
  onFile(path, file => file.prepare('SELECT name FROM partners ORDER BY id').pluck().all())

/** A database whose last process was killed, so that its newest partner is in the log alone, and an older backup of it. */
const openKilled = async () => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder())
  const path = join(folder.path, 'notifier.db')
  const file = join(folder.path, 'backup.db')
  const env: Environment = { DATABASE_URL: `file:${path}`, MASTER_KEY }
  const run = (args: readonly string[], more: Environment = {}) =>
    runCliApart(args, { cwd: folder.path, env: { ...env, ...more } })
  const list = async () => {
    const { code, stdout, stderr } = await run(['partner', 'list', '--json'])
    if (code !== 0) throw new Error(stderr)
    return (JSON.parse(stdout) as { data: { name: string }[] }).data.map(({ name }) => name)
  }
  await run(['partner', 'create', 'first'])
  await run(['backup', file])
  await run(['partner', 'create', 'kept'])
  onFile(path, client => {
    client.pragma('wal_autocheckpoint = 0')
    client.exec("UPDATE partners SET name = 'only in the log' WHERE name = 'kept'")
    for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, `${path}.left${suffix}`)
  })
  /** Everything as it was after the kill. */
  const reset = () => {
    for (const name of readdirSync(folder.path))
      if (/^notifier\.db(-wal|-shm|-journal|\.restor.*|\.before.*)?$/.test(name)) rmSync(join(folder.path, name))
    for (const suffix of ['', '-wal']) copyFileSync(`${path}.left${suffix}`, `${path}${suffix}`)
  }
  const opened = stack.move()
  return { folder: folder.path, path, file, run, list, reset, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const FIRST_AND_LAST = ['first', 'only in the log']

describe.skipIf(whyNoDiskShim() !== null)('on a disk with faults', () => {
  test('a restore killed at any step leaves the old database or the new one, whole', async () => {
    await using scene = await openKilled()
    const disk = buildDiskShim(join(scene.folder, 'disk'))
    const found = new Set<string>()
    for (let step = 1; ; step++) {
      scene.reset()
      const killed = await scene.run(['restore', scene.file, '--yes'], { ...disk.env, DISK_SHIM_KILL: String(step) })
      const names = partnersIn(scene.path)
      expect([['first'], FIRST_AND_LAST]).toContainEqual(names)
      found.add(names.join())
      if (killed.code === 0) break
      expect(step).toBeLessThan(40)
    }
    expect(found.size).toBe(2)
    expect(await scene.list()).toEqual(['first'])
  })

  test('a full disk during a backup, or a restore, leaves nothing behind and nothing changed', async () => {
    await using scene = await openScene({ MASTER_KEY })
    const { env, folder } = scene
    const disk = buildDiskShim(join(folder, 'disk'))
    const backups = join(folder, 'backups')
    const file = join(backups, 'one.db')
    mkdirSync(backups)
    await using service = await spawnService(env, folder)
    disk.set('full-copies')
    const faulty = { cwd: folder, env: { ...env, ...disk.env } }
    const full = await runCliApart(['backup', file], faulty)
    expect(full.code).toBe(1)
    expect(full.stderr).toContain('backups has not enough room: make room')
    expect(readdirSync(backups)).toEqual([])
    expect(await service.line(line => line.includes('"backup.failed"'))).toContain('"reason":"no_room"')
    expect(await runCliApart(['backup', file], { cwd: folder, env })).toMatchObject({ code: 0 })
    service.kill('SIGTERM')
    await service.exited

    const files = readdirSync(folder)
    expect(await runCliApart(['restore', file, '--yes'], faulty)).toMatchObject({ code: 1 })
    expect(readdirSync(folder)).toEqual(files)
    await using again = await spawnService(env, folder)
    expect(again.url).toContain('http')
  })
})
