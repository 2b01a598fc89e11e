import { isOurFailure } from '../callback/failure.ts'
import { attemptOf } from '../callback/outcome.ts'
import type { Sender, SendResult } from '../callback/sender.ts'
import { createSigningKeys, webhookHeaders } from '../callback/signing.ts'
import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createInFlight, createKeyedLimiter } from '../core/keyed-limiter.ts'
import { afterAttempt, type MessageStep, messageIdOf, ourFailureDelay } from '../core/message.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import type { Secret } from '../core/secret.ts'
import { isSentTwice } from '../core/test-serial.ts'
import type { Withdrawn } from '../store/hints.ts'
import type { ClaimedMessage, HostSignal, MessageOutcome, MessageSettlement } from '../store/messages/message.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { createDeliveryReport } from './delivery-report.ts'
import { createPrefetch } from './prefetch.ts'
import type { Round } from './rounds.ts'
import { createSettler, leaseFor } from './settler.ts'
import { createStops, type Stop } from './stops.ts'

export interface DelivererDeps {
  store: Pick<Store, 'now' | 'claimMessages' | 'settleMessages'>
  sender: Pick<Sender, 'send'>
  scheduleMs: readonly number[]
  /** Time limit of one attempt. */
  timeoutMs: number
  /** Maximum attempts in flight, in all and to one host. */
  concurrency: number
  perHost: number
  /** In [0, 1). */
  random: () => number
  clock: Pick<Clock, 'monotonic' | 'sleep'>
  /** Called when a slot is free again, so that a round may claim more. */
  onFree: () => void
  /** Called with the time at which a message is due again, once its outcome is recorded. */
  onDue: (at: number) => void
  emit: Emit
}

/** Maximum time that a prefetched message waits for a slot of its host. */
const WAIT_MS = SECOND
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

const NO_SHARE = () => {}
const notSent = (detail: string): SendResult => ({ kind: 'failed', error: 'local', detail, durationMs: 0 })
/**
 * Maximum outcomes that wait to be recorded. Claiming pauses beyond it: a webhook whose lease ends unrecorded is sent
 * again.
 */
const MOST_UNRECORDED = 1_000
/** No slot is free. */
const FULL: Round = { claimed: 0, nextAt: null, waits: true }

const covers = (what: Withdrawn, { partnerId, registrationId }: ClaimedMessage): boolean =>
  what.partnerId === partnerId && (what.registrationId === null || what.registrationId === registrationId)

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
  const { store, sender, emit, clock, concurrency, perHost } = deps
  const prefetch = createPrefetch(clock.monotonic)
  /** Waiting messages count for their host and take no slot from other hosts. */
  const hosts = createKeyedLimiter<ClaimedMessage>({ size: perHost, timeLimit: { waitMs: WAIT_MS, clock } })
  /** Attempts in flight, by partner. */
  const partners = createInFlight()
  /** Messages from their claim to the end of their attempt: of slow lanes by lane, of unproven lanes by partner. */
  const slow = createInFlight<number>()
  const unproven = createInFlight()
  /** Claimed messages that are not recorded yet. */
  const unrecorded = createInFlight<null>()
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

  const send = (message: ClaimedMessage, secrets: readonly Secret[], at: number): Promise<SendResult> =>
    sender.send({
      partnerId: message.partnerId,
      url: message.callbackUrl,
      headers: webhookHeaders(
        { id: messageIdOf(message.registrationId), body: message.body, attempt: message.attempts + 1 },
        secrets.map(signingKeys),
        at,
      ),
      body: message.body,
      mayStillSend: () => !stops.isStopped(message),
      traceparent: message.traceparent,
    })

  /** For test serials that ask for it: repeats the message, as after a crash before its first 2xx was recorded. */
  const repeated = (message: ClaimedMessage, step: MessageStep): MessageStep =>
    step.state === 'delivered' && message.attempts === 0 && isSentTwice(message.body)
      ? { ...step, state: 'pending', dueAt: store.now() }
      : step

  const judge = (message: ClaimedMessage, result: SendResult, { at, now }: { at: number; now: number }) => {
    const answered = result.kind === 'answered' ? result : null
    const outcome = {
      httpStatus: answered?.httpStatus ?? null,
      retryAfterMs: readRetryAfter(answered?.retryAfter ?? null, now),
    }
    return {
      message: keyOf(message),
      step: repeated(
        message,
        afterAttempt(message, outcome, { now, random: deps.random(), scheduleMs: deps.scheduleMs }),
      ),
      attempt: attemptOf(result, at),
      hostSignal: hostSignalOf(result),
    } satisfies MessageSettlement
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
    const step = {
      state: 'pending',
      dueAt: now + (isGivingBack ? 0 : delayMs),
      retries: message.retries,
      gone: false,
    } as const
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

  /** Counts the message towards the share of its kind of lane. Returns a function that ends this. */
  const takeShare = ({ laneId, partnerId, slow: isSlow, proven }: ClaimedMessage): (() => void) => {
    if (isSlow) {
      slow.start(laneId)
      return () => slow.end(laneId)
    }
    if (proven) return NO_SHARE
    unproven.start(partnerId)
    return () => unproven.end(partnerId)
  }

  const attempt = async (message: ClaimedMessage, secrets: readonly Secret[], freeShare: () => void): Promise<void> => {
    const at = store.now()
    let result: SendResult
    partners.start(message.partnerId)
    stops.begin(message)
    try {
      result = await send(message, secrets, at)
      // Before the slot passes to the next message for this URL.
      if (isGone(result)) hosts.cancel(sameUrl(message))
    } finally {
      // The slot is freed before the attempt is recorded, so that the next attempt starts meanwhile.
      stops.end(message)
      partners.end(message.partnerId)
      freeShare()
      prefetch.ended(message.host)
      hosts.release(message.host)
      deps.onFree()
    }
    if (!isGone(result)) return record(message, result, at)
    // Claims may return further messages for this URL until the 410 is recorded; these are released.
    await stops.stopWhile(sameUrl(message), () => record(message, result, at))
  }

  const deliver = async (message: ClaimedMessage, secrets: readonly Secret[]): Promise<void> => {
    const freeShare = takeShare(message)
    const acquiring = hosts.acquire(message.host, message)
    const acquisition = acquiring === 'acquired' ? acquiring : await acquiring
    if (acquisition === 'acquired') return attempt(message, secrets, freeShare)
    freeShare()
    await release(message, notSent(acquisition))
  }

  /** Counts the message as unrecorded until `handle` has recorded it or thrown. */
  const begin = async ({ partnerId }: ClaimedMessage, handle: () => Promise<void>): Promise<void> => {
    unrecorded.start(null)
    try {
      await handle()
    } catch (error) {
      emit('delivery.failed', { error, partnerId })
    } finally {
      unrecorded.end(null)
    }
  }

  return {
    /** Claims messages that may be sent now and starts to send them. */
    round: async (): Promise<Round> => {
      const slots = Math.min(concurrency - partners.total(), concurrency + MOST_UNRECORDED - unrecorded.total())
      if (slots <= 0) return FULL
      const request = {
        concurrency,
        slots,
        perHost,
        prefetch: prefetch.counts(),
        busyHosts: hosts.counts,
        busyPartners: partners.counts,
        busySlow: slow.counts,
        busyUnproven: unproven.counts,
        leaseMs: leaseFor(1, deps.timeoutMs),
      }
      const { claimed, isStopped } = await stops.claiming(() => store.claimMessages(request))
      const { messages, secrets, nextAt } = claimed
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
    underWay: partners.total,
    /**
     * Stops sending withdrawn messages, including any that a pending claim returns. An attempt whose bytes have left
     * goes on.
     */
    withdraw: (what: Withdrawn): void => {
      const isCovered: Stop<ClaimedMessage> = message => covers(what, message)
      stops.stop(isCovered)
      hosts.cancel(isCovered)
    },
    /** Call before breaking off the attempts: they are not counted then, and claimed messages are due again at once. */
    giveBack: (): void => {
      isGivingBack = true
      hosts.cancel(() => true)
    },
    /** Resolves when all claimed messages are recorded or released. */
    whenIdle: unrecorded.whenIdle,
  }
}
