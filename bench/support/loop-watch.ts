import { closeSync, openSync, readSync } from 'node:fs'

const EVERY_MS = 1

/**
 * Watches how long this thread's event loop is held: the time between two looks, less what a timer takes anyway, and less
 * the time in which the thread was ready to run but had no core, which the machine is to blame for. Linux only.
 */
export const watchLoop = () => {
  const schedstat = openSync('/proc/thread-self/schedstat', 'r')
  const bytes = Buffer.alloc(100)
  /** How long this thread has waited for a core since it began, in ms. */
  const waitedMs = () => {
    const [, waited = '0'] = bytes.toString('latin1', 0, readSync(schedstat, bytes, 0, bytes.length, 0)).split(' ')
    return Number(waited) / 1e6
  }
  let longest = 0
  let longestWithWaiting = 0
  let at = performance.now()
  let waited = waitedMs()
  const timer = setInterval(() => {
    const [now, waitedNow] = [performance.now(), waitedMs()]
    const gap = now - at - EVERY_MS
    longestWithWaiting = Math.max(longestWithWaiting, gap)
    longest = Math.max(longest, gap - (waitedNow - waited))
    at = now
    waited = waitedNow
  }, EVERY_MS)
  return {
    /** In ms. */
    stop: () => {
      clearInterval(timer)
      closeSync(schedstat)
      return { longest, longestWithWaiting }
    },
  }
}
