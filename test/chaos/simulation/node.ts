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

/** What a process lives on. */
export interface Machine {
  /** Resolves when it does not stand still. */
  awake: () => Promise<void>
  /** Once: that the call of the database that comes now is the last of its process. */
  takeDoom: () => boolean
  onDeath: () => void
}

/** A machine with a process of the service, which starts again a while after each of its deaths. */
export const createNode = (
  { time, seen }: { time: Time; seen: Pick<Seen, 'troubles'> },
  startProcess: (machine: Machine) => Promise<Process>,
) => {
  let running: { process: Process; death: Promise<null> } | null = null
  let awake = Promise.resolve()
  let isDoomed = false
  let deaths = 0
  let downMs = SECOND

  const start = async (): Promise<void> => {
    const death = Promise.withResolvers<null>()
    const dead: Trouble = { from: 0, to: 0, of: 'service', name: 'the process is dead' }
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
      await process.close()
      await start()
      dead.to = time.now()
    }
    const takeDoom = () => {
      const isNow = isDoomed
      isDoomed = false
      return isNow
    }
    const process = await time.during(() => startProcess({ awake: () => awake, takeDoom, onDeath }))
    running = { process, death: death.promise }
  }

  return {
    start,
    awake: () => awake,
    /** Null: it is dead. */
    running: () => running,
    deaths: () => deaths,
    bringDeaths: async (all: readonly Death[]): Promise<void> => {
      for (const death of all) {
        await time.wait(Math.max(0, death.at - time.now()))
        downMs = death.downMs
        if (death.atCall) isDoomed = true
        else running?.process.die()
      }
    },
    standStill: async ({ from, to }: Span): Promise<void> => {
      await time.wait(Math.max(0, from - time.now()))
      const { promise, resolve } = Promise.withResolvers<void>()
      awake = promise
      await time.wait(to - from)
      resolve()
    },
    close: async (): Promise<void> => running?.process.close(),
  }
}
