import { randomBytes } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { buildDiskShim, whyNoDiskShim } from '../support/disk-shim.ts'
import { openAnswering } from '../support/operator-robots.ts'
import { ADMIN_TOKEN, runCliApart, spawnService } from '../support/service.ts'
import { openScene } from './stage.ts'

const MASTER_KEY = randomBytes(32).toString('base64')

/** A scene whose disk has faults, and commands on it. */
const openDisk = async () => {
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(await openScene({ MASTER_KEY, POLL_MIN_INTERVAL: '1m', POLL_MAX_INTERVAL: '5m' }))
  const disk = buildDiskShim(join(scene.folder, 'disk'))
  scene.upstream.setDefault(() => ({ status: 'ING' }))
  const opened = stack.move()
  const faulty = { ...scene.env, ...disk.env }
  const run = (...args: string[]) => runCliApart(args, { cwd: scene.folder, env: faulty })
  return { ...scene, disk, faulty, run, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const onDisk = test.skipIf(whyNoDiskShim() !== null)

onDisk('a command on a disk that refuses to sync tells nobody that it has worked', async () => {
  await using scene = await openDisk()
  await scene.run('migrate')
  scene.disk.set('fail-wal')
  const created = await scene.run('partner', 'create', 'never')
  expect(created).toMatchObject({ code: 1, stdout: '' })
  expect(created.stderr).toContain('SQLITE_IOERR_FSYNC')
})

onDisk(
  'a start on a full disk said neither where nor what to do, and ended so that systemd left the service down',
  async () => {
    await using scene = await openDisk()
    await scene.run('migrate')
    scene.disk.set('full-wal')
    const started = await scene.run('serve')
    const path = join(realpathSync(scene.folder), 'notifier.db')
    const stderr = expect.stringContaining(`DATABASE_URL: ${path} cannot be used (SQLITE_FULL): Free some space`)
    expect(started).toMatchObject({ code: 1, stderr, stdout: expect.not.stringContaining('listening') })
    scene.disk.unset('full-wal')
    await using _service = await spawnService(scene.faulty, scene.folder)
  },
)

onDisk(
  'a full disk was told by nothing but readiness: operators were not told, and status found nothing wrong',
  async () => {
    await using scene = await openDisk()
    const told: { type: string; data: { subject: string; state: string } }[] = []
    await using duty = await openAnswering(({ body }) => {
      told.push(JSON.parse(body))
      return { status: 204, body: '' }
    })
    const state = () => told.filter(({ data }) => data.subject === 'database').map(({ data }) => data.state)
    await using service = await spawnService({ ...scene.faulty, OPERATOR_URL: duty.url }, scene.folder)
    scene.disk.set('full-wal')
    await vi.waitFor(() => expect(state()).toEqual(['firing']), { timeout: 60_000, interval: 100 })
    const seen = await scene.run('status', '--lang', 'zh')
    expect(seen.stdout).toContain('数据库无法写入（SQLITE_FULL）')
    const codes = async () => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
      const overview = await (await fetch(`${service.url}/v1/admin/overview`, { headers })).json()
      return (overview as { problems: { code: string }[] }).problems.map(({ code }) => code)
    }
    expect(await codes()).toContain('store_failing')
    scene.disk.unset('full-wal')
    await vi.waitFor(() => expect(state()).toEqual(['firing', 'resolved']), { timeout: 60_000, interval: 100 })
    expect(await codes()).not.toContain('store_failing')
  },
  150_000,
)
