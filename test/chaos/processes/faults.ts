import { setTimeout as sleep } from 'node:timers/promises'
import type { Draw } from '../draw.ts'
import { OPERATIONS } from './operations.ts'
import type { Scene } from './scene.ts'

export interface Fault {
  name: string
  /** Left out where the scene has none. */
  needs?: 'disk' | 'server' | 'link' | 'file' | 'older'
  /** Brought once in a scene at most, among its first faults, or its last ones. */
  once?: 'soon' | 'late'
  /** It reports itself when the promises of once and of time do not hold. */
  isNarrow?: boolean
  /** All nodes, as one of the server does, and not only the one whose number is drawn. */
  hitsAll?: boolean
  /** Whether a process may end by itself because of it. */
  mayEnd?: boolean
  /** Brings the fault and mends it: afterwards all is well again. */
  bring: (scene: Scene, n: number) => Promise<void>
}

const COMMIT_WITHIN_MS = 5_000
/** Kills a node at its next COMMIT, where that is seen: it is done, and nobody has been told. */
const killAtCommit = async ({ nodes, disk, link, mayEnd }: Scene, n: number): Promise<void> => {
  const node = nodes[n]
  // The second node is the one behind the link.
  if (!node || (!disk && (!link || n === 0))) return
  mayEnd(node)
  disk?.set('kill-wal')
  if (link)
    link.judge = sent => {
      if (/commit/i.test(sent)) node.kill('SIGKILL')
      return 'pass'
    }
  await Promise.race([node.exited, sleep(COMMIT_WITHIN_MS)])
  disk?.unset('kill-wal')
  if (link) link.judge = () => 'pass'
}

export const KILL: Fault = {
  name: 'kill -9',
  bring: async (scene, n) => {
    // Every other process of a node, since a moment that falls anywhere is hardly ever one between two COMMITs.
    if ((scene.logs[n]?.length ?? 0) % 2 === 1) await killAtCommit(scene, n)
    await scene.kill(n)
    // What comes after it mends most of what it has left. An older version has other tables.
    if (scene.roots[n] === undefined) await scene.findInconsistencies()
    await scene.start(n)
  },
}
export const FAULTS: readonly Fault[] = [
  ...OPERATIONS,
  KILL,
  {
    name: 'kill -9 in the middle of a start',
    bring: async (scene, n) => {
      await scene.kill(n)
      await scene.startInVain(n, scene.draw.below(700))
      await scene.start(n)
    },
  },
  {
    name: 'power cut',
    needs: 'disk',
    bring: async (scene, n) => {
      // Much is under way where each sync takes a second.
      if (scene.draw.chance(0.5)) scene.disk?.set('slow')
      await sleep(scene.draw.below(2_000))
      await scene.kill(n, { cutsPower: true })
      scene.disk?.unset('slow')
      await scene.start(n)
    },
  },
  {
    name: 'disk full',
    needs: 'disk',
    bring: async scene => {
      // No room for a commit, or for a checkpoint.
      const which = scene.draw.oneOf(['full-wal', 'full-db'] as const)
      scene.disk?.set(which)
      await sleep(500 + scene.draw.below(1_500))
      scene.disk?.unset(which)
    },
  },
  {
    name: 'a sync that fails',
    needs: 'disk',
    mayEnd: true,
    bring: async (scene, n) => {
      const file = scene.draw.oneOf(['fail-wal', 'fail-wal', 'fail-db'] as const)
      scene.disk?.set(file)
      const exited = scene.nodes[n]?.exited
      await Promise.race([exited, sleep(5_000)])
      scene.disk?.unset(file)
      // It may just have failed.
      await Promise.race([exited, sleep(1_000)])
    },
  },
  {
    name: 'SIGSTOP',
    bring: async (scene, n) => {
      scene.nodes[n]?.kill('SIGSTOP')
      // Longer than a lease, at times: it wakes while another has its work.
      await sleep(scene.draw.chance(0.1) ? 60_000 : scene.draw.below(12_000))
      scene.nodes[n]?.kill('SIGCONT')
    },
  },
  {
    name: 'SIGTERM',
    bring: async (scene, n) => {
      await scene.kill(n, { signal: 'SIGTERM' })
      await scene.start(n)
    },
  },
  {
    name: 'immediate shutdown of PostgreSQL',
    needs: 'server',
    bring: async ({ server, draw }) => {
      await server?.crash()
      await sleep(draw.below(3_000))
      await server?.start()
    },
  },
  {
    name: 'fail-over to a standby',
    needs: 'server',
    bring: async ({ server, draw }) => {
      const standby = await server?.openStandby()
      await sleep(draw.below(2_000))
      await server?.crash()
      await sleep(draw.below(2_000))
      await standby?.takeOver()
    },
  },
  {
    name: 'answers of COMMIT that get lost',
    needs: 'link',
    bring: async ({ link, draw }) => {
      if (!link) return
      link.judge = sent => (/commit/i.test(sent) && draw.chance(0.3) ? draw.oneOf(['lose', 'lose answer']) : 'pass')
      await sleep(2_000)
      link.judge = () => 'pass'
    },
  },
  {
    name: 'a node without its database',
    needs: 'link',
    bring: async ({ link, draw }) => {
      link?.silence(true)
      await sleep(draw.below(8_000))
      link?.heal()
      link?.cut()
    },
  },
]

const shuffled = <T>(list: readonly T[], { random }: Draw): T[] =>
  list
    .map(one => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)

/** A kind that is brought once comes within this many faults of the first, or of the last. */
const ROUND = 10

/** The fault of each turn, of `most`: all kinds in turn, but for those that are brought once. */
export const createFaultOrder = (scene: Scene, kinds: readonly Fault[], draw: Draw, most: number) => {
  const planned = new Map<number, Fault>()
  for (const kind of kinds) {
    // A fault that takes half a minute is left to scenes in which all others come again and again.
    if (!kind.once || (kind.once === 'late' && most < 3 * kinds.length)) continue
    let turn = draw.below(Math.min(ROUND, Math.ceil(most / 2)))
    if (kind.once === 'late') turn = most - 1 - turn
    while (planned.has(turn)) turn = (turn + 1) % most
    planned.set(turn, kind)
  }
  const canBring = ({ needs }: Fault) => needs === undefined || scene[needs] !== null
  let next: Fault[] = []
  return (turn: number): Fault | undefined => {
    const due = planned.get(turn)
    if (due && canBring(due)) return due
    next = next.filter(canBring)
    if (next.length === 0)
      next = shuffled(
        kinds.filter(kind => !kind.once && canBring(kind)),
        draw,
      )
    return next.pop()
  }
}
