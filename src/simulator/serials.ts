import { readDuration } from '../core/duration.ts'
import type { Script } from './script.ts'

export interface TestSerial {
  outcome: 'success' | 'fail' | 'notfound' | 'expire'
  /** Until then the serial answers ING; 0 without a duration. */
  afterMs: number
}

/** Reads `test_(success|fail|notfound|expire)(_<duration>)?`, e.g. `test_success_3s`; null for any other serial. */
export const readTestSerial = (idcardid: string): TestSerial | null => {
  const [, outcome, duration = '0s'] = /^test_(success|fail|notfound|expire)(?:_([0-9a-z]+))?$/.exec(idcardid) ?? []
  const afterMs = readDuration(duration)
  return outcome === undefined || afterMs === null ? null : { outcome: outcome as TestSerial['outcome'], afterMs }
}

/**
 * The script of a test serial: a verdict, or 4061, after the duration. `expire` answers ING for ever, as upstream does for a
 * link that nobody uses: the deadline is the registrar's, so its duration changes nothing here.
 */
export const scriptOfSerial = (idcardid: string): Script | null => {
  const serial = readTestSerial(idcardid)
  if (!serial) return null
  const { outcome, afterMs } = serial
  switch (outcome) {
    case 'success':
      return { afterMs, status: 'SUCCESS' }
    case 'fail':
      return { afterMs, status: 'FAIL' }
    case 'notfound':
      return { afterMs, code: 4061 }
    case 'expire':
      return { status: 'ING' }
    default:
      return outcome satisfies never
  }
}
