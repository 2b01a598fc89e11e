import type { Clock } from '../core/clock.ts'
import { HOUR, MINUTE, SECOND } from '../core/duration.ts'
import type { Language } from '../core/language.ts'
import type { OperatorProblem, RefusingChannel } from '../core/operator-channel.ts'
import { operatorEventType } from '../core/operator-event.ts'
import type { ClaimedOperatorEvent, OperatorSettlement, Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import { ADVICE } from './advice.ts'
import type { Channel } from './channel.ts'
import type { Answer } from './dialect.ts'
import { type Notice, noticeItem } from './notice.ts'
import { fullHourWait, pauseFor, retryWait } from './pace.ts'

export interface Teller {
  /** There may be something to tell. */
  ring(): void
  /** Why next to nothing is told any more, or nothing is just now; null: it is. */
  whyOff(): string | null
  /** Begins no more message; resolves when the last one is recorded. */
  stop(): Promise<void>
}

/** Longer than a message may take. */
const LEASE_MS = MINUTE
/** Looks again after this long, for what another node has noted and leases that have run out. */
const LONGEST_NAP_MS = SECOND
/** In a row, before the channel is off: then it gets one message an hour, until it takes one. */
const MOST_REFUSALS = 3
/** In a row, before others are told that operators are not. */
const MOST_FAILURES = 3
const OFF_MS = HOUR

type Emits = Emit<
  'operator_event.ended' | 'operator_channel.failing' | 'operator_channel.back' | 'operator_channel.off'
>

type Outcome = 'told' | 'halved' | 'dropped' | 'failed'

/** What comes of the events of a message: a text that is refused may be the fault of one of them, and takes no other with it. */
const outcomeOf = (answer: Answer, count: number): Outcome => {
  if (answer.kind === 'told') return 'told'
  if (answer.kind !== 'refused' || answer.problem !== 'content') return 'failed'
  return count > 1 ? 'halved' : 'dropped'
}

/** One message at a time, of all that waits, from the store's outbox to the channel. */
export const createTeller = (deps: {
  store: Pick<Store, 'now' | 'findPartner' | 'claimOperatorEvents' | 'settleOperatorEvents' | 'recordOperatorChannel'>
  channel: Pick<Channel, 'name' | 'most' | 'gapMs' | 'avoidsFullHours' | 'post'>
  language: Language
  /** Which service this is. */
  source: string
  clock: Pick<Clock, 'sleep'>
  random: () => number
  emit: Emits
}): Teller => {
  const { store, channel, language, source, clock, random, emit } = deps
  const stopping = new AbortController()
  let nap = new AbortController()
  let running: Promise<void> | null = null
  let isRung = false
  let failures = 0
  let failingSince = 0
  let refusals = 0
  let off: (RefusingChannel & { problem: OperatorProblem }) | null = null
  let silent: RefusingChannel | null = null
  /** Most events in the next message: half of a digest that is refused, then twice as many after each that is not. */
  let most = channel.most

  /** Whoever noted it did not know the partner's name. */
  const named = async (event: ClaimedOperatorEvent): Promise<ClaimedOperatorEvent> => {
    const { details } = event
    if (!('partnerId' in details)) return event
    const partner = await store.findPartner(details.partnerId)
    return partner === null ? event : { ...event, details: { ...details, partnerName: partner.name } }
  }

  const noticeOf = (events: readonly ClaimedOperatorEvent[]): Notice => {
    const at = store.now()
    const id = events.map(({ id, since, state, count }) => `op_${id}_${since}_${state}_${count}`).join('.')
    return { id, at, language, source, items: events.map(event => noticeItem(event, language, at)) }
  }

  const ended = (events: readonly ClaimedOperatorEvent[], outcome: 'sent' | 'merged' | 'dropped' | 'failed') => {
    for (const event of events) emit('operator_event.ended', { type: operatorEventType(event), outcome })
  }

  const failed = (answer: Exclude<Answer, { kind: 'told' }>) => {
    const { code: error, said } = answer
    failures += 1
    if (failures === 1) {
      failingSince = store.now()
      emit('operator_channel.failing', { channel: channel.name, error, answer: said })
    }
    if (failures === MOST_FAILURES) silent = { since: failingSince, channel: channel.name, problem: null, error }
    refusals = answer.kind === 'refused' ? refusals + 1 : 0
    if (off !== null || answer.kind !== 'refused' || answer.problem === 'content' || refusals < MOST_REFUSALS) return
    const { problem } = answer
    emit('operator_channel.off', { channel: channel.name, problem, error, answer: said, advice: ADVICE.en[problem] })
    off = { since: store.now(), channel: channel.name, problem, error }
  }

  const worked = () => {
    if (failures > 0) emit('operator_channel.back', { channel: channel.name })
    failures = 0
    refusals = 0
    off = null
    silent = null
  }

  let recorded: RefusingChannel | null = null
  /** For those who look from outside, such as `status`; written when it changes. */
  const record = async (): Promise<void> => {
    const now = off ?? silent
    if (recorded === now) return
    await store.recordOperatorChannel(now)
    recorded = now
  }

  const settle = async (
    events: readonly ClaimedOperatorEvent[],
    outcome: Outcome,
    waitMs: number | null,
  ): Promise<void> => {
    const now = store.now()
    const settled = ({ state, count, tries, dueAt }: ClaimedOperatorEvent): OperatorSettlement['outcome'] => {
      if (outcome === 'told') return { kind: 'told', state, count }
      if (outcome === 'dropped') return { kind: 'refused' }
      // In their old place, so that the next message has the first half of them.
      if (outcome === 'halved') return { kind: 'failed', dueAt: dueAt ?? now }
      return { kind: 'failed', dueAt: now + Math.round(retryWait(tries, random())) }
    }
    const settlements = events.map(event => ({ ...event, outcome: settled(event) }))
    await store.settleOperatorEvents(settlements, waitMs === null ? null : now + pauseFor(waitMs))
  }

  const tell = async (events: readonly ClaimedOperatorEvent[]): Promise<void> => {
    const answer = await channel.post(noticeOf(await Promise.all(events.map(named))))
    const outcome = outcomeOf(answer, events.length)
    // A refused text is about this message alone, and says nothing about the channel.
    if (answer.kind === 'told') worked()
    else if (outcome === 'failed') failed(answer)
    if (outcome === 'halved') most = Math.ceil(events.length / 2)
    if (outcome === 'told' || outcome === 'dropped') most = Math.min(2 * most, channel.most)
    await settle(events, outcome, answer.kind === 'later' ? answer.waitMs : null)
    if (outcome === 'told') ended(events, events.length === 1 ? 'sent' : 'merged')
    else ended(events, outcome === 'dropped' ? 'dropped' : 'failed')
  }

  /** How long to nap after it. */
  const round = async (): Promise<number> => {
    const busyMs = channel.avoidsFullHours ? fullHourWait(store.now(), random()) : 0
    if (busyMs > 0) {
      await clock.sleep(busyMs, stopping.signal)
      return 0
    }
    const { events, nextAt } = await store.claimOperatorEvents({
      limit: off === null ? most : 1,
      leaseMs: LEASE_MS,
      gapMs: Math.ceil(channel.gapMs),
    })
    if (events.length > 0) await tell(events)
    await record()
    return nextAt === null ? LONGEST_NAP_MS : Math.min(Math.max(0, nextAt - store.now()), LONGEST_NAP_MS)
  }

  const napFor = async (ms: number): Promise<void> => {
    if (isRung || ms === 0) return
    nap = new AbortController()
    await clock.sleep(ms, AbortSignal.any([nap.signal, stopping.signal])).catch(() => {})
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      isRung = false
      // A database that fails is told by others; what is not settled is told again when its lease has run out.
      const napMs = await round().catch(() => LONGEST_NAP_MS)
      if (off === null) await napFor(napMs)
      else await clock.sleep(OFF_MS, stopping.signal).catch(() => {})
    }
  }
  running = run()

  return {
    ring: () => {
      isRung = true
      nap.abort()
    },
    whyOff: () => {
      if (off === null) {
        if (silent === null) return null
        const { since, channel, error } = silent
        return `OPERATOR_URL (${channel}) has taken nothing since ${new Date(since).toISOString()}: ${error}; ${ADVICE.en.later}; try it with notify-test`
      }
      const { channel, problem, error } = off
      return `OPERATOR_URL (${channel}) gets one message an hour until it takes one: ${problem} (${error}); ${ADVICE.en[problem]}; try it with notify-test`
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
