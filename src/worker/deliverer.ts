import { attemptOf } from '../callback/outcome.ts'
import type { Sender, SendResult } from '../callback/sender.ts'
import { createKeyring, webhookHeaders } from '../callback/signing.ts'
import { SECOND } from '../core/duration.ts'
import { afterAttempt, messageIdOf } from '../core/message.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import type { Secret } from '../core/secret.ts'
import type { Attempt, ClaimedMessage, MessageSettlement, Store, Withdrawn } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { createInFlight } from './in-flight.ts'
import { createPlaces } from './keyed-limiter.ts'
import { createPace } from './pace.ts'
import type { Worker } from './poller.ts'
import { createAhead } from './prefetch.ts'
import { createRounds, type Round } from './rounds.ts'
import { createSettler } from './settler.ts'

export interface DelivererDeps {
  store: Pick<Store, 'now' | 'claimMessages' | 'settleMessages'>
  sender: Pick<Sender, 'send'>
  scheduleMs: readonly number[]
  timeoutMs: number
  concurrency: number
  perHost: number
  /** In [0, 1). */
  random: () => number
  emit: Emit
}

/** Hosts that let attempts run into the time limit may hold this share of the slots, a partner that one. */
const SLOW_SHARE = 1 / 4
const PARTNER_SHARE = 3 / 4
/** Of the slots, what a partner has for hosts that have not yet, or not lately, let an attempt end in time. */
const UNPROVEN_SHARE = 1 / 4
/** What is claimed ahead of the places at its host waits for one, not longer. */
const WAIT_MS = SECOND
/** What was claimed and not sent is due again after this. */
const GIVEN_BACK_MS = SECOND
/** How an attempt fails that held its slot for long. */
const TIMED_OUT = new Set<string>(['timeout', 'connect_timeout'])

const NOTHING_TAKEN = () => {}
/** Only a freed slot changes anything, and that rings. */
const FULL: Round = { claimed: 0, nextAt: null }

export interface Deliverer extends Worker {
  /** What is claimed of it and not sent yet is not sent. */
  withdraw(what: Withdrawn): void
}

/** Sends what is due: claim, sign, send, decide, settle. */
export const createDeliverer = (deps: DelivererDeps): Deliverer => {
  const { store, sender, emit, concurrency } = deps
  const ahead = createAhead(store.now)
  /** Those that wait for a place are counted for their host, and take no slot from others. */
  const places = createPlaces<ClaimedMessage>({
    size: deps.perHost,
    waitMs: WAIT_MS,
    now: store.now,
    isFor: (message, registrationId) => message.registrationId === registrationId,
  })
  const partners = createInFlight()
  const slow = createInFlight()
  const unproven = createInFlight()
  /** Claimed, and what came of it not yet written. */
  const unrecorded = createInFlight()
  const signingKeys = createKeyring()
  const settle = createSettler<MessageSettlement>(settlements => store.settleMessages(settlements), {
    emit,
    event: 'delivery',
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
    })

  const judge = (message: ClaimedMessage, result: SendResult, at: number): MessageSettlement => {
    const answered = result.kind === 'answered' ? result : null
    const now = store.now()
    const outcome = {
      httpStatus: answered?.httpStatus ?? null,
      retryAfterMs: readRetryAfter(answered?.retryAfter ?? null, now),
    }
    return {
      message,
      step: afterAttempt(message, outcome, { now, random: deps.random(), scheduleMs: deps.scheduleMs }),
      attempt: attemptOf(result, at),
      timedOut: result.kind === 'failed' && TIMED_OUT.has(result.error),
    }
  }

  /** Nothing was sent, so nothing is recorded. */
  const giveBack = (message: ClaimedMessage, why: SendResult): Promise<void> => {
    logAttempt(message, why, null)
    const dueAt = store.now() + GIVEN_BACK_MS
    const step = { state: 'pending', dueAt, retries: message.retries, gone: false } as const
    return settle({ message, step, attempt: null, timedOut: false })
  }

  const record = (message: ClaimedMessage, result: SendResult, at: number): Promise<void> => {
    // Our own shortage, of sockets say.
    if (result.kind === 'failed' && result.error === 'local') return giveBack(message, result)
    const settlement = judge(message, result, at)
    logAttempt(message, result, settlement.attempt)
    return settle(settlement)
  }

  const logAttempt = (message: ClaimedMessage, result: SendResult, attempt: Attempt | null) =>
    emit('delivery.attempted', {
      messageId: messageIdOf(message.registrationId),
      partnerId: message.partnerId,
      host: message.host,
      attempt: message.attempts + 1,
      outcome: attempt?.outcome ?? 'not_sent',
      httpStatus: attempt?.httpStatus ?? null,
      error: result.kind === 'failed' ? result.error : null,
      detail: result.kind === 'failed' ? result.detail : null,
      durationMs: result.durationMs,
    })

  /** What a message takes of the shares for slow and for unproven hosts; gives the way to give it back. */
  const takeShare = ({ host, partnerId, slow: isSlow, proven }: ClaimedMessage): (() => void) => {
    if (proven && !isSlow) return NOTHING_TAKEN
    const [share, key] = isSlow ? [slow, host] : [unproven, partnerId]
    share.start(key)
    return () => share.end(key)
  }

  const attempt = async (message: ClaimedMessage, secrets: readonly Secret[], free: () => void): Promise<void> => {
    const at = store.now()
    let result: SendResult
    partners.start(message.partnerId)
    try {
      result = await send(message, secrets, at)
    } finally {
      // As soon as the attempt has ended: the next one goes out while this one is being recorded.
      partners.end(message.partnerId)
      free()
      ahead.add(message.host)
      places.leave(message.host)
      rounds.ring()
    }
    await record(message, result, at)
  }

  const turnAway = (message: ClaimedMessage, why: 'busy' | 'withdrawn', free: () => void): Promise<void> => {
    free()
    return giveBack(message, { kind: 'failed', error: 'local', detail: why, durationMs: 0 })
  }

  const start = async (message: ClaimedMessage, secrets: readonly Secret[]): Promise<void> => {
    const { partnerId } = message
    unrecorded.start(partnerId)
    const free = takeShare(message)
    try {
      const entering = places.enter(message.host, message)
      const admission = entering === 'entered' ? entering : await entering
      await (admission === 'entered' ? attempt(message, secrets, free) : turnAway(message, admission, free))
    } catch (error) {
      emit('delivery.failed', { error, partnerId })
    } finally {
      unrecorded.end(partnerId)
    }
  }

  const round = async (): Promise<Round> => {
    const slots = concurrency - partners.total()
    if (slots <= 0) return FULL
    const { messages, secrets, nextAt } = await store.claimMessages({
      slots,
      slowSlots: Math.max(0, Math.ceil(concurrency * SLOW_SHARE) - slow.total()),
      perHost: deps.perHost,
      ahead: ahead.counts(),
      perPartner: Math.ceil(concurrency * PARTNER_SHARE),
      busyHosts: places.counts,
      busyPartners: partners.counts,
      unproven: {
        perPartner: Math.ceil(concurrency * UNPROVEN_SHARE),
        busyPartners: unproven.counts,
      },
      leaseMs: deps.timeoutMs + 5 * SECOND,
    })
    for (const message of messages) void start(message, secrets.get(message.partnerId) ?? [])
    return { claimed: messages.length, nextAt }
  }

  const rounds = createRounds(round, {
    now: store.now,
    pace: createPace(() => performance.now()),
    onError: error => emit('delivery.round_failed', { error }),
  })

  return {
    ring: rounds.ring,
    withdraw: places.withdraw,
    stop: async () => {
      await rounds.stop()
      await unrecorded.whenIdle()
    },
  }
}
