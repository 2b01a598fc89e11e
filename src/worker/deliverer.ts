import type { Sender, SendResult } from '../callback/sender.ts'
import { SECOND } from '../core/duration.ts'
import { afterAttempt, messageIdOf } from '../core/message.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import type { Secret } from '../core/secret.ts'
import type { Log } from '../log.ts'
import type { Attempt, ClaimedMessage, MessageSettlement, Store, Withdrawn } from '../store/store.ts'
import { attemptOf } from './attempt.ts'
import { createInFlight } from './in-flight.ts'
import { createPace } from './pace.ts'
import type { Worker } from './poller.ts'
import { createRounds, type Round } from './rounds.ts'
import { createSettler } from './settler.ts'
import { createKeyring, webhookHeaders } from './webhook-headers.ts'

export interface DelivererDeps {
  store: Pick<Store, 'now' | 'claimMessages' | 'settleMessages'>
  sender: Pick<Sender, 'send'>
  scheduleMs: readonly number[]
  timeoutMs: number
  concurrency: number
  perHost: number
  /** In [0, 1). */
  random: () => number
  log: Log
}

/** Hosts that let attempts run into the time limit may hold this share of the slots, a partner that one. */
const SLOW_SHARE = 1 / 4
const PARTNER_SHARE = 3 / 4
/** Of the slots, what a partner has for hosts that have not yet, or not lately, let an attempt end in time. */
const UNPROVEN_SHARE = 1 / 4
/**
 * So many more than a host may have connections are claimed, of hosts that answer: as one becomes free the next message
 * goes out at once, without a way to the store. None for a while after one has waited in vain, since then they answer slowly.
 */
const CLAIMED_AHEAD = 128
const NONE_AHEAD_MS = 10 * SECOND
/** What was claimed and not sent is due again after this. */
const GIVEN_BACK_MS = SECOND
/** How an attempt fails that held its slot for long. */
const TIMED_OUT = new Set<string>(['timeout', 'connect_timeout'])

/** Only a freed slot changes anything, and that rings. */
const FULL: Round = { claimed: 0, nextAt: null }

interface Slot {
  /** False: it was withdrawn. */
  begin(): boolean
  free(): void
}

export interface Deliverer extends Worker {
  /** What is claimed of it and not sent yet is not sent. */
  withdraw(what: Withdrawn): void
}

/** Sends what is due: claim, sign, send, decide, settle. */
export const createDeliverer = (deps: DelivererDeps): Deliverer => {
  const { store, sender, log, concurrency } = deps
  /** Those that wait for a connection are counted for their host only: they take nothing from others. */
  const hosts = createInFlight()
  const partners = createInFlight()
  const slow = createInFlight()
  const unproven = createInFlight()
  /** Claimed, and what came of it not yet written. */
  const unrecorded = createInFlight()
  /** Claimed, and not begun: the partner of each registration. */
  const held = new Map<string, string>()
  let noneAheadUntil = 0
  const signingKeys = createKeyring()
  const settle = createSettler<MessageSettlement>(settlements => store.settleMessages(settlements), {
    log,
    event: 'delivery.settle',
  })

  const send = (message: ClaimedMessage, secrets: readonly Secret[], at: number, slot: Slot): Promise<SendResult> =>
    sender.send({
      partnerId: message.partnerId,
      url: message.callbackUrl,
      headers: webhookHeaders(
        { id: messageIdOf(message.registrationId), body: message.body, attempt: message.attempts + 1 },
        secrets.map(signingKeys),
        at,
      ),
      body: message.body,
      isWanted: slot.begin,
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

  /** Our own shortage, of sockets or of connections, or it was withdrawn: nothing was sent, so nothing is recorded. */
  const giveBack = (message: ClaimedMessage): MessageSettlement => ({
    message,
    step: { state: 'pending', dueAt: store.now() + GIVEN_BACK_MS, retries: message.retries, gone: false },
    attempt: null,
    timedOut: false,
  })

  const record = (message: ClaimedMessage, result: SendResult, at: number): Promise<void> => {
    const isSent = result.kind === 'answered' || result.error !== 'local'
    if (!isSent && result.detail === 'busy') noneAheadUntil = store.now() + NONE_AHEAD_MS
    const settlement = isSent ? judge(message, result, at) : giveBack(message)
    logAttempt(message, result, settlement.attempt)
    return settle(settlement)
  }

  const logAttempt = (message: ClaimedMessage, result: SendResult, attempt: Attempt | null) =>
    log.info('delivery.attempted', {
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

  /** Takes a place at the host, and when the attempt begins a slot; gives the ways to begin and to free both. */
  const occupy = ({ registrationId, host, partnerId, slow: isSlow, proven }: ClaimedMessage): Slot => {
    const isUnproven = !isSlow && !proven
    let isBegun = false
    held.set(registrationId, partnerId)
    hosts.start(host)
    if (isSlow) slow.start(host)
    if (isUnproven) unproven.start(partnerId)
    return {
      begin: () => {
        isBegun = held.delete(registrationId)
        if (isBegun) partners.start(partnerId)
        return isBegun
      },
      free: () => {
        held.delete(registrationId)
        hosts.end(host)
        if (isBegun) partners.end(partnerId)
        if (isSlow) slow.end(host)
        if (isUnproven) unproven.end(partnerId)
        rounds.ring()
      },
    }
  }

  /** The slot is free as soon as the attempt has ended: the next one goes out while this one is being recorded. */
  const sendIn = async (slot: Slot, message: ClaimedMessage, secrets: readonly Secret[], at: number) => {
    try {
      return await send(message, secrets, at, slot)
    } finally {
      slot.free()
    }
  }

  const start = async (message: ClaimedMessage, secrets: readonly Secret[]) => {
    unrecorded.start(message.partnerId)
    const slot = occupy(message)
    const at = store.now()
    try {
      const result = await sendIn(slot, message, secrets, at)
      await record(message, result, at)
    } catch (error) {
      log.error('delivery.failed', { error, partnerId: message.partnerId })
    } finally {
      unrecorded.end(message.partnerId)
    }
  }

  const round = async (): Promise<Round> => {
    const slots = concurrency - partners.total()
    if (slots <= 0) return FULL
    const { messages, secrets, nextAt } = await store.claimMessages({
      slots,
      slowSlots: Math.max(0, Math.ceil(concurrency * SLOW_SHARE) - slow.total()),
      perHost: deps.perHost,
      ahead: store.now() < noneAheadUntil ? 0 : Math.min(CLAIMED_AHEAD, deps.perHost),
      perPartner: Math.ceil(concurrency * PARTNER_SHARE),
      busyHosts: hosts.counts,
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
    onError: error => log.error('delivery.round_failed', { error }),
  })

  return {
    ring: rounds.ring,
    withdraw: ({ registrationId, partnerId }) => {
      if (registrationId !== null) held.delete(registrationId)
      else for (const [id, owner] of held) if (owner === partnerId) held.delete(id)
    },
    stop: async () => {
      await rounds.stop()
      await unrecorded.whenIdle()
    },
  }
}
