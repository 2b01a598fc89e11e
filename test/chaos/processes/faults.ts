import { setTimeout as sleep } from 'node:timers/promises'
import type { Scene } from './scene.ts'

export interface Fault {
  name: string
  /** Left out where the scene has none. */
  needs?: 'disk' | 'server' | 'link'
  /** Whether a process may end by it that was not told to. */
  mayEnd?: boolean
  /** What it does, and what mends it: afterwards all is well again. */
  bring: (scene: Scene, n: number) => Promise<void>
}

export const KILL: Fault = {
  name: 'kill -9',
  bring: async (scene, n) => {
    await scene.kill(n)
    await scene.start(n)
  },
}
const FAULTS: readonly Fault[] = [
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

export const faultsOf = (scene: Scene): readonly Fault[] =>
  FAULTS.filter(({ needs }) => needs === undefined || scene[needs] !== null)
