import type { Outgoing, SendResult } from '../../../src/callback/sender.ts'
import { yieldToLoop } from '../../../src/core/clock.ts'
import { SECOND } from '../../../src/core/duration.ts'
import { Secret } from '../../../src/core/secret.ts'
import type {
  ClaimedMessage,
  MessageClaimRequest,
  MessageOutcome,
  MessageSettlement,
} from '../../../src/store/messages/message.ts'
import { createDeliverer, type DelivererDeps } from '../../../src/worker/deliverer.ts'
import { createFixedClock } from '../../support/fixed-clock.ts'

export const NOW = Date.parse('2026-11-24T16:20:00.000Z')
export const CONCURRENCY = 8
const PER_HOST = 2
export const OK = {
  kind: 'answered',
  httpStatus: 200,
  retryAfter: null,
  excerpt: 'ok',
  durationMs: 12,
} as const satisfies SendResult
const SECRET = new Secret(`whsec_${Buffer.alloc(24).toString('base64')}`)
export const failed = (error: Extract<SendResult, { kind: 'failed' }>['error'], durationMs = 15): SendResult => ({
  kind: 'failed',
  error,
  detail: null,
  durationMs,
})

export const messageOf = (seq: number, more: Partial<ClaimedMessage> = {}): ClaimedMessage => ({
  seq,
  claim: 7,
  partnerId: 'partner_1',
  registrationId: `reg_${seq}`,
  laneId: 1,
  slow: false,
  proven: true,
  host: 'a.example',
  callbackUrl: 'https://a.example/hook',
  body: `{"n":${seq}}`,
  attempts: 0,
  retries: 0,
  traceparent: null,
  createdAt: NOW,
  dueAt: NOW,
  ...more,
})

/**
 * A deliverer whose store hands out the rows that the test gives, and whose receivers and store answer when the test
 * lets them.
 */
export const openScene = ({ outcome = null, ...more }: Partial<DelivererDeps> & { outcome?: MessageOutcome } = {}) => {
  const clock = createFixedClock(NOW)
  const sent: { outgoing: Outgoing; answer: (result: SendResult) => void }[] = []
  const claims: MessageClaimRequest[] = []
  const settled: MessageSettlement[] = []
  const happened: string[] = []
  const announced: number[] = []
  let due: ClaimedMessage[] = []
  let claiming = Promise.resolve()
  let recording = Promise.resolve()
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const release = async () => {
      resolve()
      await yieldToLoop()
    }
    return { promise, release }
  }
  const deliverer = createDeliverer({
    store: {
      now: clock.now,
      claimMessages: async claim => {
        // The maps live on; their present content counts.
        claims.push(structuredClone(claim))
        await claiming
        return { messages: due.splice(0), secrets: new Map([['partner_1', [SECRET]]]), nextAt: NOW + 9 }
      },
      settleMessages: async settlements => {
        await recording
        settled.push(...settlements)
        happened.push('recorded')
        return settlements.map(() => outcome)
      },
    },
    sender: { send: outgoing => new Promise(answer => sent.push({ outgoing, answer })) },
    scheduleMs: [5 * SECOND],
    timeoutMs: 15 * SECOND,
    concurrency: CONCURRENCY,
    perHost: PER_HOST,
    random: () => 0,
    clock,
    onFree: () => happened.push('free'),
    onDue: at => announced.push(at),
    emit: (...[name, fields]) => {
      happened.push(name === 'delivery.attempted' ? `${fields.outcome} ${fields.detail ?? ''}`.trim() : name)
    },
    ...more,
  })
  const numberOf = ({ body }: Outgoing) => (JSON.parse(body.toString()) as { n: number }).n
  return {
    deliverer,
    clock,
    claims,
    settled,
    /** In order: outcomes of attempts, other events, slots that became free, settlements that were recorded. */
    happened,
    announced,
    /** Webhooks that the receivers got and have not answered. */
    sending: () => sent.map(({ outgoing }) => numberOf(outgoing)),
    attempts: () => sent.map(({ outgoing }) => outgoing),
    round: (...messages: ClaimedMessage[]) => {
      due = messages
      return deliverer.round()
    },
    answer: async (seq: number, result: SendResult) => {
      const index = sent.findIndex(({ outgoing }) => numberOf(outgoing) === seq)
      sent.splice(index, 1)[0]?.answer(result)
      await yieldToLoop()
    },
    /** Keeps the store from answering a claim until the function that it returns is called. */
    holdClaims: () => {
      const held = hold()
      claiming = held.promise
      return held.release
    },
    /** Keeps the store from recording until the function that it returns is called. */
    holdRecords: () => {
      const held = hold()
      recording = held.promise
      return held.release
    },
  }
}
