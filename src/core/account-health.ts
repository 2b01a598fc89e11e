import type { Answer } from './answer.ts'

/** One of an account's latest calls. */
export interface RecentCall {
  verificationId: number
  kind: Answer['kind']
  unknownCode: boolean
}

const WINDOW = 20
const ENOUGH = 10
const MOSTLY = 0.9

export const withCall = (recent: readonly RecentCall[], verificationId: number, answer: Answer): RecentCall[] => [
  ...recent.slice(1 - WINDOW),
  {
    verificationId,
    kind: answer.kind,
    unknownCode: answer.kind === 'transient' && answer.cause === 'unknown_code',
  },
]

/** Two serials that are asked about twice, and one of them once more. */
const ENOUGH_INVALID = 5

/**
 * Nearly all of the account's latest calls are answered 4060, and other serials too: our parameter does not arrive, whatever the serial.
 * Some bad serials among good ones are no fault of the account, also where they are asked about back to back.
 */
export const othersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean => {
  const invalid = recent.filter(call => call.kind === 'invalid_id')
  return (
    recent.length >= ENOUGH_INVALID &&
    invalid.length >= MOSTLY * recent.length &&
    invalid.some(call => call.verificationId !== verificationId)
  )
}

const ABOUT_SERIAL = new Set<Answer['kind']>(['verdict', 'waiting', 'unknown_status', 'not_found'])

/** The last call about another serial that said something was answered 4060 too: it may be the account, or two bad serials in a row. */
export const maybeOthersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean =>
  recent.findLast(
    call => call.verificationId !== verificationId && (call.kind === 'invalid_id' || ABOUT_SERIAL.has(call.kind)),
  )?.kind === 'invalid_id'

/** Nearly all of the account's latest calls got a code that is in no table. */
export const mostlyUnknown = (recent: readonly RecentCall[]): boolean =>
  recent.length >= ENOUGH && recent.filter(call => call.unknownCode).length >= MOSTLY * recent.length
