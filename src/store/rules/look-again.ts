import { DAY, MINUTE } from '../../core/duration.ts'

/** So a million of them cost some two thousand looks a second at most, and one costs nothing. */
const AGAIN_MS = 10 * MINUTE
const GIVEN_UP_AFTER_MS = 7 * DAY

/**
 * When a message that cannot be decrypted is due again. Its key may be missing for a while only: `rekey` beside a service that has
 * nothing but the old key. Null: it is too old for that, and is set aside.
 *
 * @param createdAt the message's, epoch ms
 */
export const lookAgainAt = (createdAt: number, at: number): number | null =>
  at - createdAt < GIVEN_UP_AFTER_MS ? at + AGAIN_MS : null
