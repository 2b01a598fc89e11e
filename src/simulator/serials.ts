import { readTestSerial } from '../core/test-serial.ts'
import type { Script } from './script.ts'

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
