import { STANDSTILL, type Trouble } from '../seen.ts'

const TICK_MS = 200
const LONGEST_LAG_MS = 1_000

/** Notes as a trouble when this process did not get on, with the lag in which it serves what has come meanwhile. */
export const watchMachine = (troubles: Trouble[]): Disposable => {
  let last = Date.now()
  const timer = setInterval(() => {
    const now = Date.now()
    if (now - last > TICK_MS + LONGEST_LAG_MS)
      troubles.push({ from: last, to: now + LONGEST_LAG_MS, of: 'service', name: STANDSTILL })
    last = now
  }, TICK_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
