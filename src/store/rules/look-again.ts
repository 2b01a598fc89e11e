import { DAY, MINUTE, SECOND } from '../../core/duration.ts'

/** So a million of them cost some two thousand looks a second at most, and one costs nothing. */
export const LOOK_AGAIN_MS = 10 * MINUTE
/** A lane whose partner has no signing secret that can be decrypted is looked at again after this: it may have a new one then. */
export const UNSIGNED_MS = 30 * SECOND
const GIVEN_UP_AFTER_MS = 7 * DAY

/**
 * When a message that cannot be decrypted is due again. Its key may be missing for a while only: `rekey` beside a service that has
 * nothing but the old key. Null: it is too old for that, and is set aside.
 *
 * @param createdAt the message's, epoch ms
 */
export const lookAgainAt = (createdAt: number, at: number): number | null =>
  at - createdAt < GIVEN_UP_AFTER_MS ? at + LOOK_AGAIN_MS : null
