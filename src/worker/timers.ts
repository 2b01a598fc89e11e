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
