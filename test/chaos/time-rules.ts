import { SECOND } from '../../src/core/duration.ts'
import {
  isOk,
  isRecorded,
  isVerdict,
  type Judged,
  lengthWithout,
  overlaps,
  RECORDED_WITHIN_MS,
  VERDICTS,
} from './judged.ts'
import type { Poll, Trouble, Webhook } from './seen.ts'
import type { Told } from './stories.ts'
import { SLOW_MS } from './urls.ts'

/** Troubles of everybody, of its partner and of its account. */
const troublesOf = ({ story: { asked, polls }, seen }: Judged): Trouble[] => {
  const own = asked.account ?? polls[0]?.account
  return seen.troubles.filter(
    ({ partner = asked.partner, account = own }) => partner === asked.partner && account === (own ?? account),
  )
}
const saysNothing = ({ answer, heardAt }: Poll): boolean => answer === 'none' || heardAt === null

/** When its verdict was known, when a partner wanted to cancel it, and when it stopped waiting. */
const momentsOf = ({ story, seen, promises }: Judged) => {
  const { told, acts, polls, shown, asked } = story
  const isErased = () => {
    const same = new Set(seen.registering.filter(({ serial }) => serial === asked.serial).map(({ id }) => id))
    return seen.acts.some(({ what, id }) => what === 'cancel' && same.has(id))
  }
  // It may have been known before this was registered, or be forgotten by then.
  const known = told[0] && isVerdict(told[0].data) ? Number.NEGATIVE_INFINITY : asked.at
  const isKept = ({ heardAt }: Poll) => (heardAt ?? known) > known && ((heardAt ?? 0) >= asked.at || !isErased())
  const verdict = polls.find(one => VERDICTS.has(one.answer) && isKept(one) && isRecorded(seen)(one))
  const verdictAt = verdict?.heardAt ?? Number.POSITIVE_INFINITY
  const resolvedAt = shown.map(({ registration }) => registration?.resolvedAt).find(at => at)
  const endedAt = resolvedAt ? Date.parse(resolvedAt) : Number.POSITIVE_INFINITY
  const cancelAt = Math.min(...acts.filter(({ what }) => what === 'cancel').map(({ at }) => at))
  return {
    cancelAt,
    // The time of its end comes from the service's clock, which may be wrong.
    knownAt: verdict || promises.clockError > 0 ? verdictAt : endedAt,
    until: Math.min(cancelAt, verdictAt, told[0]?.at ?? Number.POSITIVE_INFINITY, endedAt),
  }
}

/** Calls about it while it waits. */
const looksOf = ({ story: { from, polls } }: Judged, until: number): Poll[] =>
  polls.filter(({ at }) => at > from && at < until)

/** Longest time to the next poll after an unknown code. */
const SLOW_BACK_OFF_MS = 600_000
/** It is polled as long as it waits. */
const checkAsked = (judged: Judged): undefined => {
  const { promises, story, note } = judged
  const { until } = momentsOf(judged)
  const looks = looksOf(judged, until)
  const ends = looks.map(({ at }) => at)
  if (promises.clockError === 0 && until !== Number.POSITIVE_INFINITY) ends.push(until)
  for (const [i, at] of ends.entries()) {
    const before = looks[i - 1]
    const longest = promises.pollEvery + (before && saysNothing(before) ? SLOW_BACK_OFF_MS : 0)
    const span = { from: before?.at ?? story.from, to: at }
    if (lengthWithout(troublesOf(judged), promises.recovery, span) > longest)
      note('starved', `not asked about from ${span.from} to ${at}`)
  }
}

const QUIET_MS = 300_000
/** A call may be under way as its deadline passes. */
const LAST_LOOK_WITHIN_MS = 15_000
/** As soon as its deadline has passed. */
const checkLastLook = (judged: Judged): undefined => {
  const { story, seen, promises, note } = judged
  const expiresAt = story.shown.map(({ registration }) => registration?.expiresAt).find(at => at !== undefined)
  if (expiresAt === undefined || promises.clockError > 0) return
  const deadline = Date.parse(expiresAt) + promises.settleMargin
  const { until } = momentsOf(judged)
  if (until <= deadline) return
  const ends = [...looksOf(judged, until).map(({ at }) => at), Math.min(until, seen.endedAt)]
  const look = { from: deadline, to: ends.find(at => at >= deadline) ?? seen.endedAt }
  // After an unusable answer it is polled less often, and so is its account.
  const isQuiet = !seen.polls.some(one => saysNothing(one) && one.at < look.to && one.at > deadline - QUIET_MS)
  if (isQuiet && lengthWithout(troublesOf(judged), promises.recovery, look) > LAST_LOOK_WITHIN_MS)
    note('starved', `expires at ${deadline}, and is looked at ${look.to}`)
}

/** A host that fails, or takes long, may be waited for: as if it were a trouble. */
const withWaits = (troubles: readonly Trouble[], waits: readonly Webhook[]): Trouble[] =>
  [
    ...troubles,
    ...waits.map(({ at, answeredAt }) => ({ from: at, to: answeredAt, of: 'network' as const, name: 'unwell' })),
  ].sort((a, b) => a.from - b.from)

/** Its webhook is sent as soon as a result is known. */
const checkTold = (judged: Judged): undefined => {
  const { story, seen, promises, urls, note } = judged
  const { from, told, asked, pair } = story
  const { knownAt, cancelAt } = momentsOf(judged)
  const span = { from: Math.max(from, knownAt), to: Math.min(told[0]?.at ?? seen.endedAt, cancelAt) }
  if (span.from >= seen.endedAt) return
  // A trouble that was over before had nothing of it under way.
  const begun = Math.max(knownAt, Math.min(...pair.map(({ at }) => at)))
  const troubles = troublesOf(judged).filter(
    one => one.of !== 'GetResult' && (one.of !== 'service' || one.to + RECORDED_WITHIN_MS >= begun),
  )
  const unwell = urls
    .unwell(asked.url)
    .filter(one => one.at <= span.to && one.answeredAt + promises.resend >= span.from)
  // One that has been released again may have been held in between.
  if ([span.from, span.to, ...unwell.map(({ answeredAt }) => answeredAt + 1)].some(at => urls.mayBeHeld(asked, at)))
    return
  if (lengthWithout(withWaits(troubles, unwell), promises.resend, span) > promises.tellWithin)
    note('starved', `known at ${span.from}, told at ${span.to}`)
}

/** A call that waits for its end is answered as soon as that is known, or when its time is over. */
const checkWaits = (judged: Judged): undefined => {
  const { promises, story, note } = judged
  const { knownAt } = momentsOf(judged)
  for (const { at, answeredAt, registration, waitMs } of story.shown) {
    if (!waitMs || answeredAt === null) continue
    const isEarly = registration?.status === 'pending' && answeredAt < at + waitMs - promises.tellWithin
    if (isEarly && !troublesOf(judged).some(one => overlaps(one, at, answeredAt)))
      note('starved', `was to wait ${waitMs} ms for its end, and was answered at ${answeredAt} without it`)
    const from = Math.max(knownAt, registration?.status === 'pending' ? story.from : at)
    const span = { from: Math.min(at + waitMs, from), to: answeredAt }
    if (lengthWithout(troublesOf(judged), promises.recovery, span) > promises.tellWithin)
      note('starved', `waits until ${answeredAt} for what is known since ${span.from}`)
  }
}

/** A host that takes long gets few at once. */
const isSlow = ({ at, answeredAt }: Webhook): boolean => answeredAt - at >= SLOW_MS
const JITTER = 1.2

/** A failed webhook is retried by the schedule, and a resend is sent at once. */
const checkNext = (judged: Judged): undefined => {
  const { story, promises, urls, note } = judged
  const { told, acts, asked } = story
  const { cancelAt } = momentsOf(judged)
  const troubles = troublesOf(judged).filter(one => one.of !== 'GetResult')
  const isLate = (from: number, next: Told, wait: number): boolean => {
    const span = { from, to: Math.min(next.at, cancelAt) }
    const others = urls
      .unwell(asked.url)
      .filter(one => overlaps({ from: one.at, to: one.answeredAt }, span.from, span.to))
    if (others.some(one => urls.mayBeHeld(asked, one.answeredAt + 1))) return false
    if (urls.mayBeHeld(asked, span.from) || urls.mayBeHeld(asked, span.to)) return false
    // A clock that is set back makes it wait as much longer.
    return (
      lengthWithout(withWaits(troubles, others.filter(isSlow)), promises.resend, span) >
      wait + promises.clockError + promises.tellWithin
    )
  }
  const resends = acts.filter(({ what, answeredAt }) => what === 'resend' && answeredAt !== null)
  for (const { at, answeredAt, isUnsure } of resends) {
    if (isUnsure) continue
    const next = told.find(one => one.at >= at - promises.notedLate)
    if (next && isLate(answeredAt ?? at, next, 0)) note('starved', `resent at ${answeredAt}, and sent at ${next.at}`)
  }
  for (const [i, { at, status, answeredAt }] of told.entries()) {
    const next = told[i + 1]
    if (!next || isOk(status) || status === 410) continue
    if (resends.some(act => overlaps({ from: act.at, to: act.answeredAt ?? act.at }, at, next.at))) continue
    // An attempt that was not recorded counts as no retry, so the delay may be any of those until then.
    const delay = Math.max(...promises.schedule.slice(0, i + 1)) * JITTER
    // The longest `Retry-After`, also of earlier attempts.
    const asked = told.slice(0, i + 1).map(one => one.answeredAt + (one.retryAfter ?? 0) * SECOND - answeredAt)
    if (isLate(answeredAt, next, Math.max(delay, ...asked)))
      note('starved', `has failed at ${at}, and is sent again at ${next.at}`)
  }
}

/** An ended registration is kept for its retention and no longer, unless its webhook still waits. */
const checkErased = (judged: Judged): undefined => {
  const { story, seen, promises, note } = judged
  const last = story.shown.findLast(({ registration }) => registration !== null)
  const { resolvedAt = null, delivery } = last?.registration ?? {}
  if (!last || resolvedAt === null || delivery?.nextAttemptAt !== null) return
  const sentAt = Math.max(0, ...story.told.map(({ answeredAt }) => answeredAt))
  const due = Math.max(sentAt, Date.parse(resolvedAt) + promises.retention + promises.clockError)
  const troubles = seen.troubles.filter(({ of }) => of === 'service')
  if (lengthWithout(troubles, promises.recovery, { from: due, to: last.at }) > promises.erasedWithin)
    note('kept too long', `has ended at ${resolvedAt}, and is shown at ${last.at}`)
}

export const TIME_RULES = [checkAsked, checkLastLook, checkTold, checkWaits, checkNext, checkErased]
