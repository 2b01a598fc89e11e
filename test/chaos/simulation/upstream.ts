import type { Answer } from '../../../src/core/answer.ts'
import { readAnswer } from '../../../src/core/answer.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { TROUBLES } from '../../support/odd-answers.ts'
import type { Draw } from '../draw.ts'
import { type Poll, personOf, type Seen, type Span, type Trouble } from '../seen.ts'
import type { Oddity, Plan } from './plans.ts'
import type { Time } from './time.ts'

/** A serial as GetResult knows it. */
interface Check {
  /** Until then it is "not found". */
  visibleAt: number
  completesAt: number
  verdict: 'SUCCESS' | 'FAIL'
  /** Later answers: the other verdict, or "not found". */
  after: 'the same' | 'the other' | 'not found'
  /** From then on it is "not found". */
  vanishesAt: number
  isMalformed: boolean
}

/** GetResult refuses the account. */
export interface Refusal extends Span {
  answer: Answer
}

const NO_DATA = { message: null, livingScore: null, similarity: null }
const say = (code: number, status: string | null = null, data: ReturnType<typeof personOf> | null = null): Answer =>
  readAnswer({ ...(data ?? NO_DATA), code, status })
const UNREACHABLE: Answer = { kind: 'transient', code: null, cause: 'unreachable', detail: 'ECONNREFUSED' }
const TIMED_OUT: Answer = { kind: 'transient', code: null, cause: 'timeout' }
/** Of a trouble: the account is paused, and tried now and then. */
export const REFUSED = 'the account is refused'
const NEVER_MS = Number.POSITIVE_INFINITY
/** A refused account is tried again every two hours at least, each time perhaps without an answer, by a clock that may have been set. */
const TRIED_WITHIN_MS = 3.5 * HOUR

/** GetResult, with the moods of a bad day. */
export const createUpstream = (
  {
    time,
    draw: all,
    seen,
    plan,
    onAsk,
  }: {
    time: Time
    draw: Draw
    seen: Pick<Seen, 'polls' | 'troubles'>
    plan: Pick<Plan, 'config' | 'oddities' | 'verdictMs' | 'latencyMs'>
    onAsk: (serial: string) => void
  },
  { outages, refusals }: { outages: readonly Span[]; refusals: readonly Refusal[] },
) => {
  const { timeoutMs } = plan.config.upstream
  const may = new Set(plan.oddities)
  const checks = new Map<string, Check>()
  const draws = new Map<string, Draw>()
  const checkOf = (serial: string): Check => {
    const known = checks.get(serial)
    if (known) return known
    const begunAt = time.now()
    const draw = all.fork(`check ${serial}`)
    const isOdd = (oddity: Oddity, p: number) => draw.chance(p) && may.has(oddity)
    const check: Check = {
      visibleAt: isOdd('late', 0.3) ? begunAt + draw.below(MINUTE) : 0,
      completesAt: isOdd('never', 0.3) ? NEVER_MS : begunAt + draw.below(plan.verdictMs),
      verdict: draw.oneOf(['SUCCESS', 'FAIL']),
      after: isOdd('changing', 0.3) ? draw.oneOf(['the other', 'not found']) : 'the same',
      vanishesAt: isOdd('vanishing', 0.15) ? begunAt + draw.below(3 * MINUTE) : NEVER_MS,
      isMalformed: isOdd('malformed', 0.1) && ![...checks.values()].some(one => one.isMalformed),
    }
    checks.set(serial, check)
    return check
  }

  const truthOf = (draw: Draw, serial: string): readonly [Poll['answer'], Answer] => {
    const check = checkOf(serial)
    const now = time.now()
    if (check.isMalformed) return ['invalid', say(4060)]
    if (now < check.visibleAt || now >= check.vanishesAt) return ['not_found', say(4061)]
    if (now < check.completesAt)
      return may.has('unknown') && draw.chance(0.15)
        ? ['unknown', say(2, 'REVIEW')]
        : ['waiting', say(2, draw.oneOf(['ING', 'SCAN', 'INIT']))]
    const { verdict } = check
    if (check.after === 'the other') check.verdict = verdict === 'SUCCESS' ? 'FAIL' : 'SUCCESS'
    if (check.after === 'not found') check.vanishesAt = now
    return [verdict, say(2, verdict, personOf(serial))]
  }
  const isIn = ({ from, to }: Span): boolean => time.now() >= from && time.now() < to
  /** By account: since when it was refused, until a later call is answered again: the service pauses meanwhile. */
  const pauses = new Map<string, { trouble: Trouble; refusedAt: number }>()
  const hear = (account: string, { at, answer }: Poll, { kind }: Answer): void => {
    const known = pauses.get(account)
    if (kind === 'account') {
      const trouble: Trouble = known?.trouble ?? { from: at, to: 0, of: 'GetResult', account, name: REFUSED }
      if (!known) seen.troubles.push(trouble)
      pauses.set(account, { trouble, refusedAt: time.now() })
      trouble.to = time.now() + TRIED_WITHIN_MS
    } else if (known && at > known.refusedAt && answer !== 'none' && answer !== 'invalid') {
      known.trouble.to = time.now()
      pauses.delete(account)
    }
  }
  const judge = (draw: Draw, serial: string): readonly [Poll['answer'], Answer] => {
    const refusal = refusals.find(isIn)
    if (refusal) return ['none', refusal.answer]
    return may.has('troubled') && draw.chance(0.06) ? ['none', draw.oneOf(TROUBLES).answer] : truthOf(draw, serial)
  }

  return {
    /** @param awake resolves when the caller does not stand still */
    ask: async (
      asked: Pick<Poll, 'serial' | 'node'> & { account: string },
      awake: () => Promise<void>,
    ): Promise<Answer> => {
      const { account, serial } = asked
      const draw = draws.get(serial) ?? all.fork(serial)
      draws.set(serial, draw)
      const latency = may.has('slow') && draw.chance(0.05) ? draw.below(12 * SECOND) : 20 + draw.below(plan.latencyMs)
      const poll: Poll = { ...asked, at: time.now(), answer: 'none', heardAt: null }
      seen.polls.push(poll)
      const pause = pauses.get(account)?.trouble
      if (pause) pause.to = Math.max(pause.to, poll.at + TRIED_WITHIN_MS)
      onAsk(serial)
      await time.wait(Math.min(latency / 2, timeoutMs))
      if (outages.some(isIn)) return UNREACHABLE
      const [said, answer] = judge(draw, serial)
      poll.answer = said
      if (answer.kind === 'throttled') poll.retryAfterMs = answer.retryAfterMs
      const isLost = may.has('lost') && draw.chance(0.03)
      await time.wait(Math.max(0, Math.min(latency, timeoutMs) - latency / 2))
      await awake()
      if (latency > timeoutMs || time.now() > poll.at + timeoutMs) return TIMED_OUT
      if (isLost) return UNREACHABLE
      poll.heardAt = time.now()
      hear(account, poll, answer)
      return answer
    },
  }
}
