import { setTimeout as sleep } from 'node:timers/promises'
import type { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { unavailable } from '../unavailable.ts'
import { markUnchecked } from './database-file.ts'
import { describeFailure, isDamage, judgeFailure } from './failure.ts'

/** The busy time-out blocks the event loop, so it is short, and waiting goes on asynchronously: 225 ms in all. */
export const BUSY_TIMEOUT_MS = 50
const BUSY_PAUSES_MS = [25, 50]

/**
 * Runs what a connection does, again if the database is busy. After an error of the disk it runs nothing more.
 *
 * @param path the database's real path; null: it is in memory
 * @param onFailed told what SQLite has thrown, each time that it is the caller who learns of it
 * @param onBroken told once, before anything is rejected because of it
 */
export const createAttempts = ({
  path,
  onFailed = () => {},
  onBroken,
}: {
  path: string | null
  onFailed?: (error: unknown) => void
  onBroken: (error: Error) => void
}) => {
  let broken: AppError | null = null
  const breakDown = (why: Words): AppError => {
    if (broken === null) {
      broken = unavailable(why)
      if (isDamage(broken) && path !== null) markUnchecked(path)
      onBroken(broken)
    }
    return broken
  }
  /** What the caller may know: that the database is not available now. An error that is not the database's is told as it is. */
  const explain = (error: unknown): unknown => {
    const failure = judgeFailure(error)
    if (failure === null) return error
    onFailed(error)
    return failure === 'broken' ? breakDown(describeFailure(error)) : unavailable(describeFailure(error))
  }
  const attempt = async <T>(run: () => T): Promise<T> => {
    for (const pauseMs of [...BUSY_PAUSES_MS, null]) {
      if (broken) throw broken
      try {
        return run()
      } catch (error) {
        if (pauseMs === null || judgeFailure(error) !== 'busy') throw explain(error)
        await sleep(pauseMs)
      }
    }
    throw new Error('unreachable')
  }
  return { attempt, breakDown, explain }
}
