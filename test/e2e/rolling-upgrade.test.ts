import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS } from '../../src/store/postgres/opening.ts'
import { stopsOlder } from '../../src/store/postgres/stop-first.ts'
import { journalOf } from '../../src/store/schema-age.ts'
import { createApiClient, eventually } from '../support/api-client.ts'
import { openTestServer } from '../support/postgres.ts'
import { ROOT, runCli, spawnCli, spawnService } from '../support/service.ts'
import {
  allRegistrations,
  createClients,
  createMoods,
  findBrokenPromises,
  SETTINGS,
  summaryOf,
  verdictOf,
} from './crashing.ts'
import { createRandom } from './seeded-random.ts'
import { openScene } from './stage.ts'

const JOURNAL = 'migrations/postgres/meta/_journal.json'
const SEED = 17
const REQUESTS = 60

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

/** The newest commit that has one migration of PostgreSQL less; UPGRADE_FROM names another one. */
const findBefore = (): { commit: string } | { reason: string } => {
  try {
    const newest = git('log', '-1', '--format=%H', '--', JOURNAL)
    const commit = git('rev-parse', '--verify', process.env.UPGRADE_FROM ?? `${newest}^`)
    git('cat-file', '-e', `${commit}:${JOURNAL}`)
    return { commit }
  } catch {
    return { reason: 'the history of this checkout does not go back to the version before the newest migration' }
  }
}

/** The files of a commit, with the packages of today. */
const unpack = (commit: string, folder: string): string => {
  mkdirSync(folder)
  const packed = execFileSync('git', ['-C', ROOT, 'archive', commit], { maxBuffer: 256 * 1024 * 1024 })
  execFileSync('tar', ['-x', '-C', folder], { input: packed })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

test('P17 nodes of the version before and of today on one database lose nothing', {
  timeout: 120_000,
}, async context => {
  const before = findBefore()
  if ('reason' in before) return context.skip(before.reason)
  await using server = await openTestServer()
  await using scene = await openScene({
    ...SETTINGS,
    DATABASE_URL: await server.createDatabase('upgraded'),
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  })
  const { env, folder, upstream, receiver } = scene
  const old = unpack(before.commit, join(folder, 'before'))
  const random = createRandom(SEED)
  const created = await runCli(['partner', 'create', 'upgraded', '--json'], { cwd: folder, env, root: old })
  const { apiKey, signingSecret } = JSON.parse(created.stdout) as { apiKey: string; signingSecret: string }
  receiver.trust([signingSecret])
  receiver.plan('/hook', createMoods(random))
  upstream.setDefault(idcardid => ({ status: verdictOf(idcardid), afterMs: idcardid.endsWith('7') ? 300 : 0 }))

  await using nodes = new AsyncDisposableStack()
  const start = async (root?: string) => nodes.use(await spawnService(env, folder, root))
  const [first, second] = await Promise.all([start(old), start(old)])
  const target = { url: first.url }
  const clients = createClients(target, apiKey, receiver.urlFor('/hook'))
  const goingOn = setInterval(clients.goOn, 20)
  onTestFinished(() => clearInterval(goingOn))
  const workAt = async (node: { url: string }) => {
    target.url = node.url
    await clients.answered(REQUESTS)
  }
  await workAt(first)
  const refusalOf = async (root?: string) => {
    await using refused = spawnCli(['serve'], { cwd: folder, env, root })
    expect(await refused.exited).toMatchObject({ code: 2 })
    return refused.texts.stderr
  }
  const stop = async (node: typeof first) => {
    node.kill('SIGTERM')
    expect(await node.exited).toMatchObject({ code: 0 })
  }
  const isStopped = stopsOlder(MIGRATIONS, journalOf(join(old, 'migrations/postgres')).at(-1)?.when ?? 0)
  if (isStopped) {
    expect(await refusalOf()).toContain('stop all of them')
    await workAt(second)
    await Promise.all([first, second].map(stop))
  }
  // Else it changes the schema under the others, whose calls go on meanwhile.
  const today = await start()
  expect(today.texts.stdout).toContain('"event":"database.migrated"')
  if (!isStopped) await workAt(second)
  await workAt(today)
  if (!isStopped) {
    first.kill('SIGKILL')
    await first.exited
  }
  expect(await refusalOf(old)).toContain('belongs to a later version of idface-notifier')
  const ofStop = new Set<string>()
  if (!isStopped) {
    await workAt(second)
    expect([...clients.refused]).toEqual([])
    target.url = today.url
    await stop(second)
    // Calls that were on their way to it by then: it answers 503 while it stops.
    for (const idcardid of clients.refused) ofStop.add(idcardid)
  }
  const other = await start()
  await workAt(other)
  await clients.stop()

  const all = await eventually(
    () => allRegistrations(createApiClient(today.url, apiKey)),
    list => list.every(one => one.delivery.state !== 'pending'),
  )
  const { acknowledged, unanswered, refused, surprises } = clients
  process.stdout.write(
    `upgraded from ${before.commit.slice(0, 9)}: ${acknowledged.size} acknowledged, ${unanswered.size} unanswered, ${refused.size} refused, ${summaryOf(receiver, clients)}\n`,
  )
  expect(surprises).toEqual([])
  expect([...refused].filter(one => !ofStop.has(one))).toEqual([])
  expect(acknowledged.size).toBeGreaterThan(3 * REQUESTS)
  expect(findBrokenPromises(receiver, clients)).toEqual([])
  const found = new Map(all.map(one => [one.idcardid, one]))
  expect(found.size).toBe(all.length)
  for (const [idcardid, { id }] of acknowledged) expect(found.get(idcardid)?.id).toBe(id)
  for (const { delivery } of all) expect(delivery).toMatchObject({ state: 'delivered', nextAttemptAt: null })
  for (const node of [today, other]) {
    expect(node.texts.stdout).not.toContain('"level":"error"')
    await stop(node)
  }
})
