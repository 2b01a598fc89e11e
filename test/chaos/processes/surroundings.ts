import { SECOND } from '../../../src/core/duration.ts'
import type { Delivery } from '../../../src/simulator/receiver.ts'
import type { Script, Step } from '../../../src/simulator/script.ts'
import type { GetResultCall } from '../../../src/simulator/upstream.ts'
import { TROUBLES } from '../../support/odd-answers.ts'
import type { ReceiverStep } from '../../support/receiver.ts'
import type { Draw } from '../draw.ts'
import { type Poll, personOf, type Secret, signerOf, type Webhook } from '../seen.ts'

/** In seconds: GetResult with a 429, a receiver with a 429 or a 503. */
const ASKED_FOR = { upstream: 3, receiver: 1 }
/** After an unknown code a serial is polled a minute later at the earliest, and not all may be throttled. */
const PASSING = TROUBLES.flatMap(({ script, answer }) =>
  answer.kind === 'transient' && answer.cause !== 'unknown_code' ? [script as Step] : [],
)
/** Unusual answers about a serial: late, once only, or never. */
const ODD: readonly ((draw: Draw, status: string) => Script)[] = [
  () => ({ afterMs: SECOND }),
  () => ({ hiddenMs: SECOND }),
  () => ({ hiddenMs: Number.MAX_SAFE_INTEGER }),
  () => ({ steps: Array<Step>(8).fill({ status: 'ING' }), code: 4061 }),
  () => ({ status: 'ING' }),
  () => ({ status: 'REVIEW' }),
  ({ oneOf }) => ({ steps: [oneOf(PASSING), oneOf(PASSING)] }),
  (_, status) => ({ steps: [{ status: status === 'FAIL' ? 'SUCCESS' : 'FAIL' }] }),
]
/** For the whole account: a rate that is halved grows again for ten seconds, and a second malformed serial soon after pauses it. */
const RARE: readonly Script[] = [{ code: 4060 }, { steps: [{ http: 429, retryAfter: String(ASKED_FOR.upstream) }] }]
const RARE_EVERY_MS = 30 * SECOND

/** The answers about a serial: half of the known ones pass. A serial that begins with a letter gets no unusual ones. */
export const scriptsOf = (draw: Draw) => {
  let rareAt = 0
  const oddOf = (status: string): Script => {
    if (!draw.chance(0.3)) return {}
    if (Date.now() < rareAt) return draw.oneOf(ODD)(draw, status)
    rareAt = Date.now() + RARE_EVERY_MS
    return draw.oneOf(RARE)
  }
  return (serial: string): Script => {
    const status = Number(serial.slice(-1)) % 2 === 0 ? 'SUCCESS' : 'FAIL'
    const { steps = [], ...odd } = /^\d/.test(serial) ? oddOf(status) : {}
    const person = personOf(serial)
    return { status, ...person, ...odd, steps: steps.map(step => ({ ...person, ...step })) }
  }
}

/** One receiver is well, one is slow, of one a third of the answers fail, some after it has taken the webhook, and one has enough. */
export const moodsOf = ({ random, chance, oneOf }: Draw): ReceiverStep[][] => {
  const steps = (step: () => ReceiverStep) => Array.from({ length: 50_000 }, step)
  const later = { 'retry-after': String(ASKED_FOR.receiver) }
  let mood: ReceiverStep = 200
  return [
    [],
    steps(() => ({ delayMs: random() * 450 })),
    steps(() => {
      const mood = random()
      if (mood < 0.2) return 500
      if (mood < 0.25) return { fault: 'reset' }
      return mood < 0.3 ? { status: 503, delayMs: 100, headers: later } : 200
    }),
    steps(() => {
      if (chance(0.3)) mood = oneOf([200, 200, 410, { status: 429, headers: later }])
      return mood
    }),
  ]
}

export const webhookOf = (one: Delivery, origin: string, secrets: readonly Secret[], notedLate: number): Webhook => ({
  url: origin + one.path,
  at: one.at,
  status: one.status,
  ...((one.status === 429 || one.status === 503) && { retryAfter: ASKED_FOR.receiver }),
  answeredAt: one.at,
  id: one.id ?? '',
  signedBy: signerOf(one, secrets, { at: one.at, notedLate }),
  timestamp: Number(one.headers['webhook-timestamp']),
  body: one.body,
})

const ANSWERS: Readonly<Record<string, Poll['answer']>> = {
  '2 SUCCESS': 'SUCCESS',
  '2 FAIL': 'FAIL',
  '2 ING': 'waiting',
  '2 REVIEW': 'unknown',
  '4060': 'invalid',
  '4061': 'not_found',
}
export const pollOf = ({ apiId, idcardid, at, answer }: GetResultCall): Poll => ({
  account: apiId ?? '',
  serial: idcardid ?? '',
  at,
  answer: ANSWERS[answer] ?? 'none',
  heardAt: at,
  ...(answer === 'http 429' && { retryAfterMs: ASKED_FOR.upstream * SECOND }),
})
