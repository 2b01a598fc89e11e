import { SECOND } from '../../../src/core/duration.ts'
import type { Seen, Span, Trouble } from '../seen.ts'
import type { Process } from './process.ts'
import type { Time } from './time.ts'

/** When a process dies; `atCall`: at its next call of the database, before or after it is done. */
export interface Death {
  at: number
  atCall: boolean
  downMs: number
}

/** The surroundings of a process. */
export interface Machine {
  isAwake: () => boolean
  /** Resolves when it does not stand still. */
  awake: () => Promise<void>
  /** Once: that the process dies at the call of the database that comes now, or that the connection is lost. */
  takeDoom: () => Doom | null
  /** It sends something now: a webhook, a call, a statement that writes. */
  stir: () => void
  /** Since then its locks have kept others waiting, which could not record anything. */
  keepsWaiting: (from: number) => void
  /** Its process dies, if it runs. */
  die: () => void
  onDeath: () => void
  /** Of the process that it starts now. */
  death: Promise<null>
}
type Doom = 'dies' | 'lost'
/** After this many failed starts in a row it never starts. */
const MOST_STARTS = 100

/** A machine with a process of the service, which starts again some time after each death. */
export const createNode = (
  { time, seen, node }: { time: Time; seen: Pick<Seen, 'troubles'>; node: number },
  startProcess: (machine: Machine) => Promise<Process>,
) => {
  let running: { process: Process; death: Promise<null> } | null = null
  let awake = Promise.resolve()
  let isAwake = true
  let standing = Promise.withResolvers<void>()
  let stir = () => {}
  let doom: Doom | null = null
  let deaths = 0
  let failedStarts = 0
  let downMs = SECOND

  const start = async (): Promise<void> => {
    const death = Promise.withResolvers<null>()
    const dead: Trouble = { from: 0, to: 0, of: 'service', node, name: 'the process is dead' }
    const onDeath = () => {
      deaths++
      running = null
      dead.from = dead.to = time.now()
      seen.troubles.push(dead)
      death.resolve(null)
      void restart()
    }
    const restart = async () => {
      await time.wait(downMs)
      await process?.close()
      await start()
      dead.to = time.now()
    }
    const die = () => running?.process.die()
    const takeDoom = () => {
      const taken = running && doom
      if (taken) doom = null
      const at = time.now()
      if (taken === 'lost') seen.troubles.push({ from: at, to: at, of: 'service', node, name: 'a connection is lost' })
      return taken
    }
    const keepsWaiting = (from: number) =>
      void seen.troubles.push({ from, to: time.now(), of: 'service', name: 'locks stay' })
    const machine = {
      keepsWaiting,
      ...{ isAwake: () => isAwake, awake: () => awake },
      takeDoom,
      stir: () => stir(),
      die,
      onDeath,
    }
    const process = await time
      .during(() => startProcess({ ...machine, death: death.promise }))
      .catch(error => {
        if (++failedStarts === MOST_STARTS) throw error
        death.resolve(null)
        return null
      })
    // As a supervisor would.
    if (!process) return restart()
    failedStarts = 0
    running = { process, death: death.promise }
  }

  return {
    start,
    awake: () => awake,
    /** Resolves when it next stands still, or does. */
    stands: () => standing.promise,
    /** Null: it is dead. */
    running: () => running,
    deaths: () => deaths,
    bringDeaths: async (all: readonly Death[]): Promise<void> => {
      for (const death of all) {
        await time.wait(Math.max(0, death.at - time.now()))
        downMs = death.downMs
        if (death.atCall) doom = 'dies'
        else running?.process.die()
      }
    },
    loseConnection: async (at: number): Promise<void> => {
      await time.wait(Math.max(0, at - time.now()))
      doom ??= 'lost'
    },
    /** From the next that it sends on, if it does so before long. */
    standStill: async ({ from, to }: Span): Promise<void> => {
      await time.wait(Math.max(0, from - time.now()))
      const stirred = new Promise<void>(resolve => {
        stir = resolve
      })
      await Promise.race([stirred, time.wait(10 * SECOND)])
      seen.troubles.push({
        from: time.now(),
        to: time.now() + to - from,
        of: 'service',
        node,
        name: 'the machine stands still',
      })
      const { promise, resolve } = Promise.withResolvers<void>()
      awake = promise
      isAwake = false
      standing.resolve()
      await time.wait(to - from)
      isAwake = true
      standing = Promise.withResolvers()
      resolve()
    },
    close: async (): Promise<void> => running?.process.close(),
  }
}
