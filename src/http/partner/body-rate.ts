import type { Context } from 'hono'
import type { z } from 'zod'
import type { Rate } from '../../core/token-bucket.ts'
import { BODY_BYTES, type ReadOptions, readBody } from '../json/request-body.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { createRateLimit, type SharedRate } from '../middleware/rate-limit.ts'
import { BATCH_BYTES, MOST_IN_A_BATCH } from './batch.ts'
import { createBodyRoom } from './body-room.ts'
import { registrationRateOf } from './registration-rate.ts'

/** Reads a body as `readBody` does, within the partner's rate of bytes. */
export type ReadPartnerBody = <T>(c: Context<ApiEnv>, schema: z.ZodType<T>, options?: ReadOptions) => Promise<T>

const KIB = 1024
/** More than a registration takes with the longest URL and the most metadata, each Chinese character of it as six (`\uXXXX`). */
const BYTES_OF_A_REGISTRATION = 8 * KIB
const MOST_BEING_READ = { perPartner: 16 * KIB * KIB, most: 128 * KIB * KIB }

/**
 * As many bytes a second as registrations may fill, and at once as many as the whole batches of a burst. Whatever its
 * registrations are, they never wait for this.
 */
const byteRateOf = (registrationRate: number): Rate => {
  const { rate, burst } = registrationRateOf(registrationRate)
  return {
    rate: Math.max(rate * BYTES_OF_A_REGISTRATION, BODY_BYTES),
    burst: Math.ceil(burst / MOST_IN_A_BATCH) * BATCH_BYTES,
  }
}

/**
 * To parse and check what is nested deeply, or has many unknown fields, takes 60 to 130 ms a MiB of the event loop, which everybody
 * shares: a rate of requests alone would let one partner take all of it. So each body is charged before it is kept: by its
 * length, or as it comes, whether it comes to its end or not. With the usual rate of registrations the bytes of a second take a
 * fifth of a second at most.
 */
export const createPartnerBody = (
  deps: SharedRate & { registrationRate: number; now: () => number },
): ReadPartnerBody => {
  const rate = byteRateOf(deps.registrationRate)
  const take = createRateLimit({
    now: deps.now,
    rateShare: deps.rateShare,
    detail: {
      en: `Your bodies may have ${rate.rate / KIB} KiB a second together, in bursts of ${rate.burst / KIB} KiB. A chunk counts as 512 bytes at least. Nothing of this request was taken.`,
      zh: `请求体合计每秒最多 ${rate.rate / KIB} KiB，突发上限为 ${rate.burst / KIB} KiB；每个分块至少按 512 字节计算。本次请求的内容均未受理。`,
    },
  })
  const enter = createBodyRoom(MOST_BEING_READ)
  return async (c, schema, options) => {
    const partnerId = c.get('partnerId')
    const place = enter(partnerId)
    const charge = (bytes: number) => {
      place.hold(bytes)
      take(partnerId, { ...rate, count: bytes })
    }
    try {
      return await readBody(c, schema, { ...options, charge })
    } finally {
      place.leave()
    }
  }
}
