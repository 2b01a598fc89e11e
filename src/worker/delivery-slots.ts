import type { Clock } from '../core/clock.ts'
import { SECOND } from '../core/duration.ts'
import { createInFlight, createKeyedLimiter } from '../core/keyed-limiter.ts'
import type { ClaimedMessage } from '../store/messages/message.ts'
import type { Limits } from '../store/messages/share-slots.ts'
import { createPrefetch } from './prefetch.ts'

/** Maximum time that a prefetched message waits for a slot of its host. */
const WAIT_MS = SECOND
/**
 * Maximum outcomes that wait to be recorded. Claiming pauses beyond it: a webhook whose lease ends unrecorded is sent
 * again.
 */
const MAX_UNRECORDED = 1_000

export interface DeliverySlotsDeps {
  /** Maximum attempts in flight, in all and to one host. */
  concurrency: number
  perHost: number
  clock: Pick<Clock, 'monotonic' | 'sleep'>
}

/** Counts this node's claimed messages. Call `acquire` for each, then `start` and `end` if acquired, else `giveUp`. */
export const createDeliverySlots = ({ concurrency, perHost, clock }: DeliverySlotsDeps) => {
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

  /** Counts the message in the share of its kind of lane. */
  const countShare = (change: 'start' | 'end', message: ClaimedMessage): void => {
    if (message.slow) slow[change](message.laneId)
    else if (!message.proven) unproven[change](message.partnerId)
  }

  return {
    /** Number of messages that may be claimed now. */
    free: () => Math.min(concurrency - partners.total(), concurrency + MAX_UNRECORDED - unrecorded.total()),
    limits: (slots: number): Limits => ({
      concurrency,
      slots,
      perHost,
      prefetch: prefetch.counts(),
      busyHosts: hosts.counts,
      busyPartners: partners.counts,
      busySlow: slow.counts,
      busyUnproven: unproven.counts,
    }),
    /** Takes a slot of the message's host, or waits for one. */
    acquire: (message: ClaimedMessage) => {
      countShare('start', message)
      return hosts.acquire(message.host, message)
    },
    giveUp: (message: ClaimedMessage): void => countShare('end', message),
    start: ({ partnerId }: ClaimedMessage): void => partners.start(partnerId),
    end: (message: ClaimedMessage): void => {
      partners.end(message.partnerId)
      countShare('end', message)
      prefetch.ended(message.host)
      hosts.release(message.host)
    },
    /** Ends the wait of every message that matches. Attempts in flight go on. */
    cancel: hosts.cancel,
    underWay: partners.total,
    unrecorded,
  }
}
