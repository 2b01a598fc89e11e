import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'

const MIB = 1024 * 1024

const TOO_MANY = {
  en: 'Too many bodies of all partners are on their way at the moment. Try again.',
  zh: '正在传输的请求体过多，请稍后重试。',
}

interface BodyRoomLimits {
  /** Bytes. */
  perPartner: number
  /** Of all partners together. */
  most: number
}

/**
 * The bytes of bodies that are being read. A body that is never finished stays in memory until `requestTimeout`, so that a rate of
 * bytes alone would let it fill. `enter` gives what to call with bytes before they are kept, which throws `AppError` where there
 * is no room for them, and what to call at the end.
 */
export const createBodyRoom = ({ perPartner, most }: BodyRoomLimits) => {
  const counts = new Map<string, number>()
  let all = 0
  const onTheirWay = {
    en: `${perPartner / MIB} MiB of your bodies are still on their way: send them to their end first.`,
    zh: `正在传输的请求体合计已达 ${perPartner / MIB} MiB：请先发送完。`,
  }

  return (partnerId: string) => {
    let held = 0
    return {
      hold: (bytes: number): void => {
        const ofPartner = (counts.get(partnerId) ?? 0) + bytes
        if (ofPartner > perPartner) {
          throw new AppError('too_many_requests', onTheirWay, { retryAfterMs: SECOND })
        }
        if (all + bytes > most) {
          throw new AppError('unavailable', TOO_MANY, { retryAfterMs: SECOND })
        }
        counts.set(partnerId, ofPartner)
        all += bytes
        held += bytes
      },
      leave: (): void => {
        const left = (counts.get(partnerId) ?? 0) - held
        if (left > 0) counts.set(partnerId, left)
        else counts.delete(partnerId)
        all -= held
        held = 0
      },
    }
  }
}
