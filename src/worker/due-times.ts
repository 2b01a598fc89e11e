import type { MendPlace, Store } from '../store/store.ts'
import type { Batch } from './background-job.ts'

/**
 * Looks through all that waits, `size` rows at a time, and puts right what the system's clock, set back, would keep waiting. A batch
 * ends where it has put something right, and the next one goes on there.
 *
 * @param pause after each look, so that nobody feels it, at a start neither
 */
export const createDueTimes = (mend: Store['mendDueTimes'], pause: () => Promise<void>): Batch => {
  let place: MendPlace | null = null
  return async (size, isStopped) => {
    do {
      const { mended, next } = await mend(place, size)
      place = next
      await pause()
      if (mended > 0) return mended
    } while (place !== null && !isStopped())
    return 0
  }
}
