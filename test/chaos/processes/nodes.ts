import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { buildDiskShim } from '../../support/disk-shim.ts'
import { type Environment, runCliApart, spawnCli, spawnService } from '../../support/service.ts'
import type { Finding } from '../findings.ts'

type Node = Awaited<ReturnType<typeof spawnService>>

export const FILES = ['notifier.db', 'notifier.db-wal', 'notifier.db-shm']

const copyFiles = (from: string, to: string): void => {
  for (const name of FILES) {
    rmSync(join(to, name), { force: true })
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
  }
}

/** The processes of a scene. */
export const createNodes = (folder: string, disk: ReturnType<typeof buildDiskShim> | null) => {
  /** The settings of each node, and its checkout; by default this one. */
  const envs: Environment[] = []
  const roots: (string | undefined)[] = []
  const nodes: (Node | null)[] = []
  /** The output of each process of a node. */
  const logs: Node['texts'][][] = []
  /** To end. */
  const told = new Set<Node>()
  const ended: Finding[] = []
  const whereabouts = (n: number) => ({ cwd: folder, env: envs[n] ?? {}, root: roots[n] })

  const start = async (n: number): Promise<void> => {
    const node = await spawnService(envs[n] ?? {}, folder, roots[n])
    nodes[n] = node
    logs[n] = [...(logs[n] ?? []), node.texts]
    void node.exited.then(({ code, signal }) => {
      nodes[n] = null
      const last = node.texts.stdout.trimEnd().split('\n').at(-1)
      if (!told.has(node)) ended.push({ broken: 'ended by itself', what: `node ${n + 1}: ${signal ?? code}: ${last}` })
    })
  }
  /** kill -9 by default; with `cutsPower` all unsynced data is lost. */
  const kill = async (n: number, { signal = 'SIGKILL' as NodeJS.Signals, cutsPower = false } = {}): Promise<void> => {
    const node = nodes[n]
    if (!node) return
    told.add(node)
    node.kill(signal)
    await node.exited
    if (cutsPower && disk) copyFiles(disk.safe, folder)
  }
  return {
    envs,
    roots,
    nodes,
    logs,
    /** The node that has logged an attempt, by message id and number. */
    attempts: (): Map<string, number> => {
      const logged = /"delivery.attempted","messageId":"(\w+)".*?"attempt":(\d+)/g
      const of = (n: number, text: string) => [...text.matchAll(logged)].map(([, id, i]) => [`${id} ${i}`, n] as const)
      return new Map(logs.flatMap((texts, n) => texts.flatMap(({ stdout }) => of(n, stdout))))
    },
    start,
    kill,
    /** It may end by itself. */
    mayEnd: (node: Node) => told.add(node),
    /** Reports a fault of a node. */
    tell: (broken: Finding['broken'], what: string): void => void ended.push({ broken, what }),
    /** Runs a command to its end, with the settings and the version of a node. */
    command: async (args: readonly string[], n: number): Promise<void> => {
      const { code, stderr } = await runCliApart(args, whereabouts(n))
      if (code !== 0) throw new Error(`${args.join(' ')} has failed: ${stderr}`)
    },
    /** All that is there has been synced. */
    syncDisk: () => disk && copyFiles(folder, disk.safe),
    /** Starts it, and kills it after `ms`: it may have begun anything. */
    startInVain: async (n: number, ms: number, args: readonly string[] = ['serve']): Promise<void> => {
      await using starting = spawnCli(args, whereabouts(n))
      await sleep(ms)
      starting.kill('SIGKILL')
    },
    /** Restarts ended nodes, and returns those that have ended by themselves since the last call. */
    revive: async (): Promise<Finding[]> => {
      for (const [n, node] of nodes.entries()) if (node === null) await start(n)
      return ended.splice(0)
    },
  }
}
