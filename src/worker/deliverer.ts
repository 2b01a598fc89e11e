import { isOurFailure } from '../callback/failure.ts'
import { attemptOf } from '../callback/outcome.ts'
import type { Sender, SendResult } from '../callback/sender.ts'
import { createSigningKeys, webhookHeaders } from '../callback/signing.ts'
import { SECOND } from '../core/duration.ts'
import { afterAttempt, attemptOriginOf, type MessageStep, messageIdOf, ourFailureDelay } from '../core/message.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import type { Secret } from '../core/secret.ts'
import { isSentTwice } from '../core/test-serial.ts'
import type { Withdrawn } from '../store/hints.ts'
import type { ClaimedMessage, HostSignal, MessageOutcome, MessageSettlement } from '../store/messages/message.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { createDeliveryReport } from './delivery-report.ts'
import { createDeliverySlots, type DeliverySlotsDeps } from './delivery-slots.ts'
import type { Round } from './rounds.ts'
import { createSettler, leaseFor } from './settler.ts'
import { createStops, type Stop } from './stops.ts'

export interface DelivererDeps extends DeliverySlotsDeps {
  store: Pick<Store, 'now' | 'claimMessages' | 'settleMessages'>
  sender: Pick<Sender, 'send'>
  scheduleMs: readonly number[]
  /** Time limit of one attempt. */
  timeoutMs: number
  /** In [0, 1). */
  random: () => number
  /** Called when a slot is free again, so that a round may claim more. */
  onFree: () => void
  /** Called with the time at which a message is due again, once its outcome is recorded. */
  onDue: (at: number) => void
  emit: Emit
}

/** Delay before a message that was released unsent is due again. */
const RELEASED_MS = SECOND
const TIMED_OUT = new Set<string>(['timeout', 'connect_timeout'])
/**
 * Minimum duration at which an attempt without a response counts as hanging: its name server was silent, or its
 * handshake broke late.
 */
const HELD_MS = SECOND

const hostSignalOf = (result: SendResult): HostSignal | null => {
  if (result.kind === 'answered') return 'answers'
  return TIMED_OUT.has(result.error) || result.durationMs >= HELD_MS ? 'hangs' : null
}

const notSent = (detail: string): SendResult => ({ kind: 'failed', error: 'local', detail, durationMs: 0 })

const covers = (scope: Withdrawn, { partnerId, registrationId }: ClaimedMessage): boolean =>
  scope.partnerId === partnerId && (scope.registrationId === null || scope.registrationId === registrationId)

/** The fields by which the store knows a message; the others need not go back to it. */
const keyOf = ({ seq, claim, registrationId, partnerId, callbackUrl, laneId }: ClaimedMessage) => {
  return { seq, claim, registrationId, partnerId, callbackUrl, laneId }
}

const isGone = (result: SendResult): boolean => result.kind === 'answered' && result.httpStatus === 410
const sameUrl =
  (gone: ClaimedMessage): Stop<ClaimedMessage> =>
  ({ partnerId, callbackUrl }) =>
    partnerId === gone.partnerId && callbackUrl === gone.callbackUrl

/** Sends due messages: claim, sign, send, decide, settle. */
export const createDeliverer = (deps: DelivererDeps) => {
  const { store, sender, emit, clock } = deps
  const slots = createDeliverySlots(deps)
  const stops = createStops<ClaimedMessage>()
  const signingKeys = createSigningKeys()
  let isGivingBack = false
  const report = createDeliveryReport(emit)
  const settle = createSettler((settlements: readonly MessageSettlement[]) => store.settleMessages(settlements), {
    clock,
    emit,
    event: 'delivery',
    ownerOf: ({ message }) => message.partnerId,
  })

  const send = (message: ClaimedMessage, secrets: readonly Secret[], at: number): Promise<SendResult> => {
    const { partnerId, registrationId, callbackUrl: url, body, traceparent } = message
    const signed = { id: messageIdOf(registrationId), body, attempt: message.attempts + 1 }
    const headers = webhookHeaders(signed, secrets.map(signingKeys), at)
    return sender.send({ partnerId, url, headers, body, mayStillSend: () => !stops.isStopped(message), traceparent })
  }

  /** For test serials that ask for it: repeats the message, as after a crash before its first 2xx was recorded. */
  const repeated = (message: ClaimedMessage, step: MessageStep): MessageStep =>
    step.state === 'delivered' && message.attempts === 0 && isSentTwice(message.body)
      ? { ...step, state: 'pending', dueAt: store.now(), retries: 1 }
      : step

  const judge = (message: ClaimedMessage, result: SendResult, { at, now }: { at: number; now: number }) => {
    const attempt = { ...attemptOf(result, at), origin: attemptOriginOf(message) }
    const retryAfterMs = readRetryAfter(result.kind === 'answered' ? result.retryAfter : null, now)
    const outcome = { httpStatus: attempt.httpStatus, retryAfterMs }
    const moment = { now, random: deps.random(), scheduleMs: deps.scheduleMs }
    const step = repeated(message, afterAttempt(message, outcome, moment))
    return { message: keyOf(message), step, attempt, hostSignal: hostSignalOf(result) } satisfies MessageSettlement
  }

  const conclude = async (settlement: MessageSettlement): Promise<MessageOutcome> => {
    const end = await settle(settlement)
    if (settlement.step.dueAt !== null) deps.onDue(settlement.step.dueAt)
    return end
  }

  /**
   * Releases the message unsent: no attempt is recorded, and it is due again after `delayMs`, or at once during a stop.
   */
  const release = async (message: ClaimedMessage, why: SendResult, delayMs = RELEASED_MS): Promise<void> => {
    const now = store.now()
    report.attempted(message, why, { outcome: 'not_sent', at: now })
    const dueAt = now + (isGivingBack ? 0 : delayMs)
    const step = { state: 'pending', dueAt, retries: message.retries, gone: false } as const
    await conclude({ message: keyOf(message), step, attempt: null, hostSignal: null })
  }

  const record = async (message: ClaimedMessage, result: SendResult, at: number): Promise<void> => {
    if (result.kind === 'failed' && (isOurFailure(result.error) || isGivingBack)) {
      return release(message, result, ourFailureDelay(message, deps.random()))
    }
    const endedAt = store.now()
    const settlement = judge(message, result, { at, now: endedAt })
    report.attempted(message, result, { outcome: settlement.attempt.outcome, at })
    const end = await conclude(settlement)
    if (end !== null) report.ended(message, result, { end, at: endedAt })
  }

  const attempt = async (message: ClaimedMessage, secrets: readonly Secret[]): Promise<void> => {
    const at = store.now()
    let result: SendResult
    slots.start(message)
    stops.begin(message)
    try {
      result = await send(message, secrets, at)
      // Before the slot passes to the next message for this URL.
      if (isGone(result)) slots.cancel(sameUrl(message))
    } finally {
      // The slot is freed before the attempt is recorded, so that the next attempt starts meanwhile.
      stops.end(message)
      slots.end(message)
      deps.onFree()
    }
    if (!isGone(result)) return record(message, result, at)
    // Claims may return further messages for this URL until the 410 is recorded; these are released.
    await stops.stopWhile(sameUrl(message), () => record(message, result, at))
  }

  const deliver = async (message: ClaimedMessage, secrets: readonly Secret[]): Promise<void> => {
    const acquiring = slots.acquire(message)
    const acquisition = acquiring === 'acquired' ? acquiring : await acquiring
    if (acquisition === 'acquired') return attempt(message, secrets)
    slots.giveUp(message)
    await release(message, notSent(acquisition))
  }

  /** Counts the message as unrecorded until `handle` has recorded it or thrown. */
  const begin = async ({ partnerId }: ClaimedMessage, handle: () => Promise<void>): Promise<void> => {
    slots.unrecorded.start(null)
    try {
      await handle()
    } catch (error) {
      emit('delivery.failed', { error, partnerId })
    } finally {
      slots.unrecorded.end(null)
    }
  }

  return {
    /** Claims messages that may be sent now and starts to send them. */
    round: async (): Promise<Round> => {
      const free = slots.free()
      if (free <= 0) return { claimed: 0, nextAt: null, waits: true }
      const [askedAt, leaseMs] = [store.now(), leaseFor(1, deps.timeoutMs)]
      const request = { ...slots.limits(free), leaseMs }
      const { claimed, isStopped } = await stops.claiming(() => store.claimMessages(request))
      const { messages, secrets, nextAt } = claimed
      // After a standstill the leases may be over: another claim, even the next one here, may have these messages.
      if (store.now() - askedAt >= leaseMs) return { claimed: messages.length, nextAt: askedAt, waits: true }
      for (const message of messages) {
        void begin(message, () =>
          isStopped(message)
            ? release(message, notSent('cancelled'))
            : deliver(message, secrets.get(message.partnerId) ?? []),
        )
      }
      // If none was claimed, due messages may wait for a slot of their host.
      return { claimed: messages.length, nextAt, waits: messages.length === 0 && nextAt !== null }
    },
    /** Number of attempts in flight. */
    underWay: slots.underWay,
    /**
     * Stops sending withdrawn messages, including any that a pending claim returns. An attempt whose bytes have left
     * goes on.
     */
    withdraw: (scope: Withdrawn): void => {
      const isCovered: Stop<ClaimedMessage> = message => covers(scope, message)
      stops.stop(isCovered)
      slots.cancel(isCovered)
    },
    /** Call before breaking off the attempts: they are not counted then, and claimed messages are due again at once. */
    giveBack: (): void => {
      isGivingBack = true
      slots.cancel(() => true)
    },
    /** Resolves when all claimed messages are recorded or released. */
    whenIdle: slots.unrecorded.whenIdle,
  }
}
