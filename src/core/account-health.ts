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

/** Other serials are answered 4060 too: our parameter does not arrive, whatever the serial. */
export const othersInvalid = (recent: readonly RecentCall[], verificationId: number): boolean =>
  recent.some(call => call.kind === 'invalid_id' && call.verificationId !== verificationId)

/** Nearly all of the account's latest calls got a code that is in no table. */
export const mostlyUnknown = (recent: readonly RecentCall[]): boolean =>
  recent.length >= ENOUGH && recent.filter(call => call.unknownCode).length >= MOSTLY * recent.length
