import type { Outgoing, SendResult } from '../../../src/callback/sender.ts'
import { SECOND } from '../../../src/core/duration.ts'
import type { Draw } from '../draw.ts'
import { type Secret, type Span, signerOf, type Webhook } from '../seen.ts'
import type { Mood, Plan } from './plans.ts'
import type { Time } from './time.ts'

const failed = (error: Extract<SendResult, { kind: 'failed' }>['error'], durationMs: number): SendResult => ({
  kind: 'failed',
  error,
  detail: null,
  durationMs,
})

/** Servers of partners. Each changes its mood now and then; after `badUntil` all are well. */
export const createReceivers = ({
  time,
  draw,
  webhooks,
  secrets,
  plan,
  badUntil,
  cuts,
  onSend,
}: {
  time: Time
  draw: Draw
  webhooks: Webhook[]
  secrets: readonly Secret[]
  plan: Pick<Plan, 'config' | 'promises' | 'moods' | 'moodMs' | 'queueMs'>
  badUntil: number
  /** When nothing reaches anybody. */
  cuts: readonly Span[]
  onSend: (registrationId: string) => void
}) => {
  const { timeoutMs } = plan.config.callback
  // A secret that has ended signs again when the clock is set back.
  const notedLate = plan.promises.queued + plan.promises.clockError
  const draws = new Map<string, Draw>()
  const drawOf = (url: string): Draw => {
    const own = draws.get(url) ?? draw.fork(url)
    draws.set(url, own)
    return own
  }
  const moods = new Map<string, { mood: Mood; until: number }>()
  const moodOf = (url: string): Mood => {
    const known = moods.get(url)
    if (known && time.now() < known.until) return known.mood
    const mood = drawOf(url).oneOf(plan.moods)
    moods.set(url, { mood, until: time.now() + drawOf(url).below(plan.moodMs) })
    return mood
  }

  /** The status that it answers, whether the answer gets lost, and how long it takes. */
  const answerOf = (draw: Draw, mood: Mood | 'cut off'): { status: number | null; ms: number; retryAfter?: string } => {
    const ms = 5 + draw.below(200)
    const isWell = time.now() >= badUntil
    if (mood === 'cut off') return { status: null, ms }
    if (mood === 'flaky' && draw.chance(isWell ? 0.1 : 0.3))
      return { status: draw.oneOf([500, 503, 404, null, null]), ms }
    if (isWell || mood === 'well') return { status: draw.oneOf([200, 200, 204]), ms }
    if (mood === 'gone') return { status: 410, ms }
    if (mood === 'down') return { status: draw.oneOf([null, 500, 503]), ms }
    if (mood === 'busy') return { status: 429, ms, retryAfter: String(draw.below(60)) }
    if (mood === 'slow') return { status: draw.oneOf([200, 200, 500]), ms: SECOND + draw.below(timeoutMs - 2 * SECOND) }
    return { status: 200, ms: mood === 'hangs' ? Number.POSITIVE_INFINITY : ms }
  }

  return {
    /** @param awake resolves when the sender does not stand still */
    send: async (
      { url, headers, body, mayStillSend }: Outgoing,
      awake: () => Promise<void>,
      node: number,
    ): Promise<SendResult> => {
      const at = time.now()
      onSend((JSON.parse(body) as { data: { registrationId: string } }).data.registrationId)
      const own = drawOf(url)
      await time.wait(1 + own.below(plan.queueMs))
      if (mayStillSend?.() === false) return failed('local', 0)
      const isCut = cuts.some(({ from, to }) => time.now() >= from && time.now() < to)
      const { status, ms, retryAfter = null } = answerOf(own, isCut ? 'cut off' : moodOf(url))
      const isLate = ms >= timeoutMs - 50
      const webhook: Webhook = {
        ...{ url, node },
        at: time.now(),
        status: isLate ? null : status,
        ...(retryAfter !== null && { retryAfter: Number(retryAfter) }),
        answeredAt: time.now() + Math.min(ms, timeoutMs),
        id: headers['webhook-id'] ?? '',
        timestamp: Number(headers['webhook-timestamp']),
        signedBy: signerOf({ headers, body }, secrets, { at: time.now(), notedLate }),
        body,
      }
      webhooks.push(webhook)
      await time.wait(Math.min(ms, timeoutMs))
      await awake()
      const durationMs = time.now() - at
      if (isLate || durationMs > timeoutMs + 50) {
        webhook.status = null
        return failed('timeout', durationMs)
      }
      if (status === null) return failed('reset', durationMs)
      return { kind: 'answered', httpStatus: status, retryAfter, excerpt: null, durationMs }
    },
  }
}
