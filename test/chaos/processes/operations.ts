import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../../../src/core/duration.ts'
import { isAnswered } from '../clients.ts'
import type { Seen, Span, Webhook } from '../seen.ts'
import type { Fault } from './faults.ts'
import type { Scene } from './scene.ts'

/** From the beginning of a backup until its service stopped, and the ids acknowledged in between, which may be gone. */
export interface Undone extends Span {
  ids: ReadonlySet<string>
}

/**
 * Webhooks without those of registrations that are gone, and those that were sent again since, with a verdict of that
 * time.
 */
export const withoutUndone = (webhooks: readonly Webhook[], seen: Seen, undone: readonly Undone[]): Webhook[] => {
  const known = new Set(seen.registering.map(({ id }) => id))
  const lastOf = new Map(webhooks.map(({ id, at }) => [id, at]))
  const isUndone = ({ id, at }: Webhook, { from, to, ids }: Undone, registration = id.replace('msg_', 'reg_')) =>
    (ids.has(registration) && !known.has(registration)) || (at >= from && at <= to && (lastOf.get(id) ?? 0) > to)
  return webhooks.filter(one => !undone.some(span => isUndone(one, span)))
}

/** The result of calls since then is unknown. */
const forget = ({ seen, undone }: Scene, from: number): void => {
  const since = seen.registering.filter(({ answeredAt }) => answeredAt !== null && answeredAt >= from)
  undone.push({ from, to: Date.now(), ids: new Set(since.flatMap(({ id }) => id ?? [])) })
  for (const one of since) Object.assign(one, { id: null, answeredAt: null })
}

const stopOrKill = async ({ kill, draw }: Scene, n: number): Promise<void> =>
  kill(n, { signal: draw.oneOf(['SIGTERM', 'SIGKILL'] as const) })

/** Repeats an act that may fail for a while. */
/** Once a second. */
const retry = (act: () => Promise<void>, tries: number): Promise<void> =>
  act().catch(async (error: unknown) => {
    if (tries <= 1) throw error
    await sleep(SECOND)
    return retry(act, tries - 1)
  })

/** Stops each node, and starts it with these settings. */
const restartWith = async (scene: Scene, change: (env: Record<string, string>) => void): Promise<void> => {
  for (const [n, env] of scene.envs.entries()) {
    change(env)
    await scene.kill(n, { signal: 'SIGTERM' })
    await scene.start(n)
  }
}

const RESTORE: Fault = {
  name: 'restore of a backup',
  needs: 'file',
  bring: async (scene, n) => {
    const { gate, draw, command, folder } = scene
    // In half of the cases nobody calls between the backup and its restore.
    const isAlone = draw.chance(0.5)
    await gate.close(call => !isAlone && call === 'POST /v1/registrations')
    const from = Date.now()
    const backup = join(folder, `backup-${from}.db`)
    await command(['backup', backup], n)
    await sleep(draw.below(1_000))
    await gate.close()
    await stopOrKill(scene, n)
    forget(scene, from)
    await command(['restore', backup, '--yes'], n)
    scene.syncDisk()
    await scene.start(n)
    gate.open()
  },
}

const REKEY: Fault = {
  name: 'change of the master key',
  hitsAll: true,
  once: 'late',
  bring: async (scene, n) => {
    const { draw, envs, command } = scene
    const before = envs[n]?.MASTER_KEY ?? ''
    const key = Buffer.from(draw.times(32, () => draw.below(256))).toString('base64')
    if (envs.length > 1) await restartWith(scene, env => Object.assign(env, { MASTER_KEY_PREVIOUS: key }))
    await restartWith(scene, env => Object.assign(env, { MASTER_KEY: key, MASTER_KEY_PREVIOUS: before }))
    await scene.startInVain(n, draw.below(1_500), ['rekey'])
    // A node that was killed just before still counts as one that has the old key.
    await retry(() => command(['rekey'], n), 60)
    await restartWith(scene, env => delete env.MASTER_KEY_PREVIOUS)
  },
}

const MOVE: Fault = {
  name: 'move to PostgreSQL',
  hitsAll: true,
  needs: 'file',
  once: 'late',
  bring: async (scene, n) => {
    await stopOrKill(scene, n)
    const file = await scene.openPostgres()
    await scene.command(['move', '--from', `file:${file}`], n)
    for (const node of scene.envs.keys()) await scene.start(node)
  },
}

/** A node that sees that a later version has changed the schema ends, at its next beat. */
const ENDS_WITHIN_MS = 20_000
const migratedAtOf = (log: string): number =>
  Date.parse(/"time":"([^"]+)"[^\n]+"event":"database\.migrated"/.exec(log)?.[1] ?? '')

/** Starts the newer version beside a node of the older one, which goes on until it sees the newer schema. */
const upgradeBeside = async (scene: Scene, n: number): Promise<void> => {
  const { seen, during, nodes, roots, tell } = scene
  const other = 1 - n
  const older = nodes[other]
  if (older) scene.mayEnd(older)
  await during(UPGRADE.name, () => stopOrKill(scene, n), n)
  const from = Date.now()
  roots[n] = undefined
  // It may have to end for others' locks.
  await retry(() => scene.start(n), 5)
  const migratedAt = migratedAtOf(nodes[n]?.texts.stdout ?? '')
  if (Number.isNaN(migratedAt)) throw new Error('the newer version does not say that it has migrated')
  const unanswered = seen.calls.filter(one => one.from > from && one.to < migratedAt && !isAnswered(one.status))
  if (unanswered.length > 0)
    tell('unavailable', `upgrade: ${unanswered.length} calls without an answer while the newer version migrates`)
  await Promise.race([older?.exited, sleep(ENDS_WITHIN_MS)])
  if (nodes[other]) tell('unavailable', 'upgrade: the older version goes on with a schema that it does not know')
  await scene.kill(other)
  // Partners whose calls its end had cut saw that just before.
  seen.troubles.push({ from: Date.now() - 1_000, to: Date.now(), of: 'service', name: UPGRADE.name, node: other })
  roots[other] = undefined
  await scene.start(other)
}

export const UPGRADE: Fault = {
  name: 'upgrade from the version before',
  needs: 'older',
  once: 'soon',
  isNarrow: true,
  bring: async (scene, n) => {
    if (scene.file === null) return upgradeBeside(scene, n)
    await scene.during(UPGRADE.name, async () => {
      await stopOrKill(scene, n)
      scene.roots[n] = undefined
      if (scene.draw.chance(0.3)) await scene.startInVain(n, scene.draw.below(1_500))
      await scene.start(n)
    })
  },
}

/** Acts of operators after which the service goes on with the same data. */
export const OPERATIONS: readonly Fault[] = [RESTORE, REKEY, MOVE, UPGRADE]
