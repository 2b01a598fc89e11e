import { schedule } from 'node-cron'

export interface Calendar {
  /** Nothing is rung any more. */
  stop(): Promise<void>
}

/** Half a minute past, so that it does not meet what others do on the full minute. */
const EACH_MINUTE = '30 * * * * *'

/**
 * Rings at set times of the system's clock whoever goes by dates, such as the erasing of what is older than `RETENTION`. After
 * that clock was set back, it is silent until the same time has come again, or the next start.
 */
export const startCalendar = (rings: readonly (() => void)[], onError: (error: unknown) => void): Calendar => {
  const ring = () => {
    for (const one of rings) one()
  }
  // A missed minute is no news: the next one does its work.
  const logger = { info: () => {}, debug: () => {}, warn: () => {}, error: onError }
  const task = schedule(EACH_MINUTE, ring, { name: 'housekeeping', noOverlap: true, logger })
  return { stop: async () => void (await task.destroy()) }
}
