import { schedule } from 'node-cron'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Emit } from '../telemetry/emit.ts'

/**
 * Calls `wakeUp` every `everyMs`, for work that no event announces, such as registrations that have grown old. It uses a
 * clock that never jumps: setting the system's clock neither silences it nor makes it catch up.
 */
export const startHeartbeat = ({
  everyMs,
  wakeUp,
  clock,
}: {
  everyMs: number
  wakeUp: () => void
  clock: Pick<Clock, 'sleep'>
}) => {
  const stopping = new AbortController()
  const beat = (): void => {
    clock.sleep(everyMs, stopping.signal).then(
      () => {
        beat()
        wakeUp()
      },
      () => {},
    )
  }
  beat()
  return { stop: (): void => stopping.abort() }
}

/** Second 30, apart from work that other programs do on the full minute. */
const EACH_MINUTE = '30 * * * * *'

/**
 * Calls `wakeUp` every minute of the system's clock, for work that goes by dates, such as erasing rows older than
 * `RETENTION`. After that clock is set back, it stays silent until the same time has come again, or the next start.
 */
export const startCalendar = (wakeUp: () => void, onError: (error: unknown) => void) => {
  // A missed minute is not logged: the next one does its work.
  const logger = { info: () => {}, debug: () => {}, warn: () => {}, error: onError }
  const task = schedule(EACH_MINUTE, wakeUp, { name: 'housekeeping', noOverlap: true, logger })
  return { stop: async (): Promise<void> => void (await task.destroy()) }
}

/** Time servers make smaller steps. */
const STEP_MS = 5 * SECOND

/**
 * Compares the clock of decisions with one that never jumps; call the returned function every second. After a sleep of
 * the machine the clock seems to be set forward, because the monotonic one has slept too.
 *
 * @param deps.onStepBack called when the clock was set back
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
