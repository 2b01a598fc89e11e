import { schedule } from 'node-cron'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Emit } from '../telemetry/emit.ts'

/**
 * Rings whoever must look for work that no event announces, such as registrations that have grown old. It goes by a clock that never
 * jumps: setting the system's clock neither silences it nor makes it catch up.
 */
export const startHeartbeat = ({
  everyMs,
  ring,
  clock,
}: {
  everyMs: number
  ring: () => void
  clock: Pick<Clock, 'sleep'>
}) => {
  const stopping = new AbortController()
  const beat = (): void => {
    clock.sleep(everyMs, stopping.signal).then(
      () => {
        beat()
        ring()
      },
      () => {},
    )
  }
  beat()
  return { stop: (): void => stopping.abort() }
}

/** Half a minute past, so that it does not meet what others do on the full minute. */
const EACH_MINUTE = '30 * * * * *'

/**
 * Rings at set times of the system's clock whoever goes by dates, such as the erasing of what is older than `RETENTION`. After
 * that clock was set back, it is silent until the same time has come again, or the next start.
 */
export const startCalendar = (ring: () => void, onError: (error: unknown) => void) => {
  // A missed minute is no news: the next one does its work.
  const logger = { info: () => {}, debug: () => {}, warn: () => {}, error: onError }
  const task = schedule(EACH_MINUTE, ring, { name: 'housekeeping', noOverlap: true, logger })
  return { stop: async (): Promise<void> => void (await task.destroy()) }
}

/** Smaller steps are those of time servers. */
const STEP_MS = 5 * SECOND

/**
 * Compares the clock of decisions with one that never jumps; call what it returns each second. After a sleep of the machine the clock
 * seems to be set forward, because the other one has slept too.
 *
 * @param deps.onStepBack the clock was set back
 */
export const createClockWatch = ({
  clock,
  emit,
  onStepBack,
}: {
  clock: Pick<Clock, 'now' | 'monotonic'>
  emit: Emit<'clock.stepped'>
  onStepBack: () => void
}): (() => void) => {
  const readLead = () => clock.now() - clock.monotonic()
  let lead = readLead()
  return () => {
    const stepMs = Math.round(readLead() - lead)
    lead += stepMs
    if (Math.abs(stepMs) <= STEP_MS) return
    emit('clock.stepped', { stepMs })
    if (stepMs < 0) onStepBack()
  }
}
