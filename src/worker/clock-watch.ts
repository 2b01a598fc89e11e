import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import type { Emit } from '../telemetry/emit.ts'

/** Smaller steps are what time servers do, and leases and schedules bear them. */
const STEP_MS = 5 * SECOND

export interface ClockWatch {
  /** Looks whether the system's clock was set since the last look. Call it each second. */
  look(): void
  /** Looks too. When the clock was set last, in epoch ms of the clock as it is now; 0: never in this process. */
  setAt(): number
}

/**
 * Compares the system's clock with one that never jumps. A machine that wakes up seems to set its clock forward, because the other one
 * has slept too.
 *
 * @param deps.onStep told by how many ms the clock went forward, or back (negative)
 */
export const createClockWatch = ({
  clock,
  emit,
  onStep,
}: {
  clock: Pick<Clock, 'now' | 'monotonic'>
  emit: Emit<'clock.stepped'>
  onStep: (stepMs: number) => void
}): ClockWatch => {
  let lead = clock.now() - clock.monotonic()
  let setAt = 0

  const look = () => {
    const now = clock.now()
    const newLead = now - clock.monotonic()
    const stepMs = Math.round(newLead - lead)
    lead = newLead
    if (Math.abs(stepMs) <= STEP_MS) return
    setAt = now
    emit('clock.stepped', { stepMs })
    onStep(stepMs)
  }

  return {
    look,
    setAt: () => {
      look()
      return setAt
    },
  }
}
