import { alertType, MAX_NOTICE_WAIT_MS } from '../core/alert.ts'
import type { Clock } from '../core/clock.ts'
import { MINUTE, SECOND } from '../core/duration.ts'
import type { OperatorProblem, RefusingChannel } from '../core/operator-channel.ts'
import { channelRemedy } from '../core/operator-texts/describe.ts'
import type { ClaimedAlert } from '../store/operators/alerts.ts'
import { GIVEN_UP_MS, isNone } from '../store/stats/stats.ts'
import type { Store } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'
import type { Channel } from './channel.ts'
import type { ChannelReply } from './dialect.ts'
import { type Audience, type Notice, noticeItem } from './notice.ts'

/** Longer than a message may take. */
const LEASE_MS = MINUTE
/** Interval of claims, since any node may note alerts. */
const IDLE_MS = SECOND
/** Failures in a row after which a channel with a lasting problem is off, and `status` shows any other as failing. */
const MAX_FAILURES = 3
/** Interval of messages to a channel that is off, until it takes one. */
const OFF_MS = MAX_NOTICE_WAIT_MS
const RETRIES_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 15 * MINUTE]
const JITTER = 0.2
/** Maximum wait that a channel may ask for: a longer one may be a mistake. */
const MAX_PAUSE_MS = 15 * MINUTE

/** Everybody's robots send on the full and half hour, and the makers refuse then. */
const BUSY_EVERY_MS = 30 * MINUTE
const BUSY_BEFORE_MS = 5 * SECOND
const BUSY_MS = 35 * SECOND
const SPREAD_MS = 20 * SECOND

/** Returns how long robots are busy from now, in ms; 0: they are not. `random` is in [0, 1). */
export const fullHourWait = (now: number, random: number): number => {
  const sinceBusy = (now + BUSY_BEFORE_MS) % BUSY_EVERY_MS
  return sinceBusy < BUSY_MS ? BUSY_MS - sinceBusy + random * SPREAD_MS : 0
}

/** Returns the lasting reason of a refusal, or null if it may pass, or concerns one text. */
const lastingProblem = (answer: ChannelReply): OperatorProblem | null =>
  answer.kind === 'refused' && answer.problem !== 'content' ? answer.problem : null

/** Sends the due alerts of the store to the channel, one message at a time. */
export const createNotifier = (deps: {
  store: Pick<
    Store,
    'now' | 'findPartner' | 'givenUpOf' | 'noteAlerts' | 'claimAlerts' | 'settleAlerts' | 'recordOperatorChannel'
  >
  channel: Pick<Channel, 'name' | 'maxAlerts' | 'gapMs' | 'avoidsFullHours' | 'post'>
  audience: Audience
  /** Name of this service. */
  source: string
  clock: Pick<Clock, 'sleep'>
  random: () => number
  emit: Emit<'operator_event.ended' | 'operator_channel.failing' | 'operator_channel.back' | 'operator_channel.off'>
}) => {
  const { store, channel, audience, source, clock, random, emit } = deps
  const stopping = new AbortController()
  let failures = 0
  let failingSince = 0
  let refusals = 0
  let refusing: RefusingChannel | null = null
  /** Maximum alerts in the next message: halved if a digest's text is refused, doubled after any other text. */
  let maxAlerts = channel.maxAlerts

  /** Returns the alert with current details, or null if none of its messages is left: then its end is noted. */
  const withCurrentDetails = async (alert: ClaimedAlert): Promise<ClaimedAlert | null> => {
    const { condition, subject, state, since, details } = alert
    if (!('partnerId' in details)) return alert
    const at = store.now()
    const partner = await store.findPartner(details.partnerId)
    const named = { ...details, ...(partner && { partnerName: partner.name }) }
    if (condition !== 'message.exhausted' || state === 'resolved') return { ...alert, details: named }
    // The attempt began before its end was noted.
    const from = Math.min(since - MINUTE, at - GIVEN_UP_MS)
    const counted = await store.givenUpOf(details.partnerId, from)
    const { givenUp: left, givenUpIsCapped: leftIsCapped, resent, resentIsCapped } = counted
    if (!isNone(counted)) return { ...alert, details: { ...named, left, leftIsCapped, resent, resentIsCapped } }
    // A note after `at` overrules this end.
    await store.noteAlerts([{ condition, subject, at, adds: 0, details: null }])
    return null
  }

  const noticeOf = (alerts: readonly ClaimedAlert[]): Notice => {
    const at = store.now()
    const id = alerts.map(({ id, since, state, count }) => `op_${id}_${since}_${state}_${count}`).join('.')
    const counted = (alert: ClaimedAlert) =>
      'left' in alert.details ? (alert.details.left ?? 0) + (alert.details.resent ?? 0) : alert.count
    const items = alerts.map(alert => noticeItem({ ...alert, count: counted(alert) }, audience, at))
    return { id, at, language: audience.language, source, items }
  }

  const emitEnded = (alerts: readonly ClaimedAlert[], outcome: 'sent' | 'merged' | 'dropped' | 'failed') => {
    for (const alert of alerts) emit('operator_event.ended', { type: alertType(alert), outcome })
  }

  const recordSuccess = async () => {
    if (failures > 0) emit('operator_channel.back', { channel: channel.name })
    failures = 0
    refusals = 0
    if (refusing !== null) await store.recordOperatorChannel(null)
    refusing = null
  }

  /** Returns the time of the next try. */
  const recordFailure = async (answer: Exclude<ChannelReply, { kind: 'told' }>): Promise<number> => {
    const { code: error, detail } = answer
    const problem = lastingProblem(answer)
    failures++
    refusals = problem === null ? 0 : refusals + 1
    if (failures === 1) {
      failingSince = store.now()
      emit('operator_channel.failing', { channel: channel.name, error, answer: detail })
    }
    const isOff = problem !== null && refusals >= MAX_FAILURES
    if (isOff && refusing?.problem == null) {
      const advice = channelRemedy(problem, 'en')
      emit('operator_channel.off', { channel: channel.name, problem, error, answer: detail, advice })
    }
    if (isOff || (failures >= MAX_FAILURES && refusing === null)) {
      refusing = { since: failingSince, channel: channel.name, problem: isOff ? problem : null, error }
      await store.recordOperatorChannel(refusing)
    }
    if (isOff) return store.now() + OFF_MS
    const retryMs = RETRIES_MS[Math.min(failures, RETRIES_MS.length) - 1] ?? 0
    const requestedMs = answer.kind === 'later' ? Math.min(answer.waitMs ?? 0, MAX_PAUSE_MS) : 0
    return store.now() + Math.max(requestedMs, Math.round(retryMs * (1 + JITTER * (2 * random() - 1))))
  }

  const send = async (alerts: readonly ClaimedAlert[]): Promise<void> => {
    const answer = await channel.post(noticeOf(alerts))
    if (answer.kind === 'told') {
      await recordSuccess()
      maxAlerts = Math.min(2 * maxAlerts, channel.maxAlerts)
      await store.settleAlerts({ alerts, outcome: 'told', claimableAt: null })
      return emitEnded(alerts, alerts.length === 1 ? 'sent' : 'merged')
    }
    if (answer.kind === 'refused' && answer.problem === 'content') {
      // One of them may be at fault, and must not take the others with it.
      const isOne = alerts.length === 1
      maxAlerts = isOne ? Math.min(2 * maxAlerts, channel.maxAlerts) : Math.ceil(alerts.length / 2)
      await store.settleAlerts({ alerts, outcome: isOne ? 'dropped' : 'untold', claimableAt: null })
      return emitEnded(alerts, isOne ? 'dropped' : 'failed')
    }
    await store.settleAlerts({ alerts, outcome: 'untold', claimableAt: await recordFailure(answer) })
    emitEnded(alerts, 'failed')
  }

  /** Returns how long to wait after it, in ms. */
  const round = async (): Promise<number> => {
    const busyMs = channel.avoidsFullHours ? fullHourWait(store.now(), random()) : 0
    if (busyMs > 0) return busyMs
    const gapMs = Math.ceil(channel.gapMs)
    const limit = refusing?.problem == null ? maxAlerts : 1
    const alerts = await store.claimAlerts({ limit, leaseMs: LEASE_MS, gapMs })
    if (alerts.length === 0) return IDLE_MS
    const current = (await Promise.all(alerts.map(withCurrentDetails))).filter(alert => alert !== null)
    if (current.length > 0) await send(current)
    return Math.min(gapMs, IDLE_MS)
  }

  const run = async (): Promise<void> => {
    // A restart tries at once, in any state of the channel.
    const begin = { alerts: [], outcome: 'told', claimableAt: store.now() } as const
    await store.settleAlerts(begin).catch(() => {})
    while (!stopping.signal.aborted) {
      // Others report a failing database. Alerts that are not settled are due again when their lease ends.
      const waitMs = await round().catch(() => IDLE_MS)
      await clock.sleep(waitMs, stopping.signal).catch(() => {})
    }
  }
  const running = run()

  return {
    /** Begins no more messages. Resolves when the last one is recorded. */
    stop: async (): Promise<void> => {
      stopping.abort()
      await running
    },
  }
}
