import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import type { Finding, Promises } from './findings.ts'
import type { Poll, Seen, Span, Trouble, Webhook } from './seen.ts'
import type { Story } from './stories.ts'
import { checkUnresolved } from './unresolved.ts'

/** A registration, and where what is wrong with it is noted. */
export interface Judged {
  story: Story
  seen: Seen
  promises: Promises
  /** Answers that are no 2xx, or took long, by host. */
  unwell: ReadonlyMap<string, readonly Webhook[]>
  note: (broken: Finding['broken'], what: string) => undefined
}

export const isOk = (status: number | null): boolean => status !== null && status >= 200 && status < 300
export const VERDICTS = new Set<string>(['SUCCESS', 'FAIL'])
const STATUS_OF: Readonly<Record<string, string>> = { SUCCESS: 'succeeded', FAIL: 'failed' }

const overlaps = (span: Span, from: number, to: number): boolean => span.from <= to && span.to >= from
/** From an answer until it is recorded, and from a trouble until what it has held up has gone. */
const RECORDED_WITHIN_MS = 1_000
/** Whether whoever got an answer from `from` to `to` lived to record it, and could. */
const couldRecord = (troubles: readonly Trouble[], from: number, to: number): boolean =>
  !troubles.some(one => one.of === 'service' && overlaps(one, from - RECORDED_WITHIN_MS, to + RECORDED_WITHIN_MS))

const isRecorded =
  ({ troubles }: Seen) =>
  ({ heardAt }: Poll): boolean =>
    heardAt !== null && couldRecord(troubles, heardAt, heardAt)

/** Its own receiver, with its own secret, its own data, always the same bytes and id. */
const checkContent = ({ story: { asked, told }, promises, note }: Judged): undefined => {
  for (const { url, signedBy, timestamp, at, id, body, data } of told) {
    if (url !== asked.url) note('told to the wrong one', `sent to ${url}`)
    if (signedBy === null) note('badly signed', 'fits no secret')
    else if (signedBy !== asked.partner) note('told to the wrong one', `signed for ${signedBy}`)
    if (Math.abs(timestamp * 1_000 - at) > promises.clockError + 30_000) note('badly signed', `at ${timestamp}`)
    if (data.idcardid !== asked.serial || data.metadata.of !== asked.serial)
      note('told wrongly', `is about ${data.idcardid}`)
    if (id !== told[0]?.id) note('doubled', `has a second webhook-id, ${id}`)
    else if (body !== told[0]?.body) note('changed', 'another body with the same webhook-id')
  }
}

/** Nothing is said that GetResult has not said before. */
const checkVerdict = (judged: Judged): undefined => {
  const { story, seen, note } = judged
  const [first] = story.told
  if (!first) return
  const { status } = first.data
  const heard = story.polls.filter(({ heardAt }) => heardAt !== null && heardAt <= first.at)
  if (first.type === 'idface.unresolved')
    return checkUnresolved({ ...judged, first, heard, isRecorded: isRecorded(seen) })
  if (status === null || !VERDICTS.has(status) || first.type !== `idface.${STATUS_OF[status]}`)
    return note('told wrongly', `${first.type} with ${status}`)
  const verdicts = heard.filter(({ answer }) => VERDICTS.has(answer))
  if (verdicts.length === 0) return note('told early', `${status} before GetResult has said so`)
  if (!verdicts.some(({ answer }) => answer === status)) note('told wrongly', `${status}, which GetResult has not said`)
}
/** After a 2xx it comes again only where a trouble, or a resend, explains it; after a cancel that was answered, not at all. */
const checkOnce = ({ story, seen, promises, note }: Judged): undefined => {
  const { told, acts } = story
  const { notedLate } = promises
  for (const [i, one] of told.entries()) {
    const arrived = told.slice(0, i).findLast(({ status }) => isOk(status))
    if (!arrived) continue
    const [from, to] = [arrived.at - notedLate, one.at]
    const isAsked = acts.some(
      ({ what, at, answeredAt }) => what === 'resend' && overlaps({ from: at, to: answeredAt ?? to }, from, to),
    )
    if (!isAsked && couldRecord(seen.troubles, from, Math.min(to, arrived.answeredAt + notedLate)))
      note('doubled', `sent again at ${to} after its 2xx at ${arrived.at}`)
  }
  const late = told.find(({ at }) => at > cancelledAt(story) + notedLate)
  if (late) note('sent after its cancel', `at ${late.at}`)
  const closed = seen.disabled.filter(({ partner }) => partner === story.asked.partner)
  const sent = told.find(({ at }) => closed.some(({ from, to }) => at > from + notedLate && at < to))
  if (sent) note('sent while disabled', `at ${sent.at}`)
}
/** When a cancel was answered; else infinity. */
const cancelledAt = ({ acts }: Story): number =>
  Math.min(...acts.map(({ what, answeredAt }) => (what === 'cancel' && answeredAt) || Number.POSITIVE_INFINITY))
const wantsCancel = ({ acts }: Story): boolean => acts.some(({ what }) => what === 'cancel')

/** After a 410 what is for that URL is held. */
const isGoneUrl = ({ unwell }: Judged, { url, partner }: Story['asked']): boolean =>
  (unwell.get(new URL(url).host) ?? []).some(one => one.status === 410 && one.url === url && one.signedBy === partner)

/** Once all is quiet it has arrived, is given up after all its attempts, or was cancelled. */
const checkEnd = (judged: Judged): undefined => {
  const { story, promises, note } = judged
  const { told, acts, shown, asked } = story
  const known = shown.findLast(({ registration }) => registration !== null)?.registration
  if (!known) return asked.answeredAt === null ? undefined : note('lost', 'is not there any more')
  const endedAt = known.resolvedAt === null ? Number.POSITIVE_INFINITY : Date.parse(known.resolvedAt)
  const missing = shown.find(({ at, registration }) => registration === null && at > asked.at)
  if (missing && missing.at < endedAt + promises.retention - promises.clockError)
    return note('lost', `is not there any more at ${missing.at}`)
  if (wantsCancel(story)) return
  const { status, delivery } = known
  if (status === 'pending') return note('lost', 'has never ended')
  if (status === 'cancelled') return note('lost', 'is cancelled, and nobody has done that')
  const isArrived = told.some(one => isOk(one.status))
  if (delivery.state === 'delivered' && !isArrived) note('lost', 'is called delivered, and no 2xx was answered')
  if (isGoneUrl(judged, asked)) return
  if (delivery.state === 'pending' && !missing) note('lost', 'is still to be sent')
  const resentAt = Math.max(0, ...acts.map(({ at }) => at))
  if (delivery.state === 'exhausted' && told.filter(({ at }) => at >= resentAt).length <= promises.retries)
    note('lost', `is given up after ${told.length} attempts`)
}

/** It is shown as it was asked for, and what a GET has shown stays so: that it has ended, and how. */
const checkShown = ({ story, promises, note }: Judged): undefined => {
  const { asked, shown, told, pair } = story
  const deadlines = pair.map(one => (one.expiresAt === null ? null : Date.parse(one.expiresAt)))
  const defaults: Span = {
    from: Math.min(...pair.map(({ at }) => at)) + promises.ttl - promises.clockError,
    to: (asked.answeredAt ?? Number.POSITIVE_INFINITY) + promises.ttl + promises.clockError,
  }
  let before: RegistrationAnswer | null = null
  for (const { at, registration } of shown) {
    if (!registration) continue
    const { idcardid, callbackUrl, status, delivery } = registration
    if (idcardid !== asked.serial || callbackUrl !== asked.url)
      note('told to the wrong one', `shown as ${idcardid} for ${callbackUrl}`)
    const expiresAt = Date.parse(registration.expiresAt)
    if (!deadlines.some(asked => (asked === null ? overlaps(defaults, expiresAt, expiresAt) : asked === expiresAt)))
      note('changed', `expires at ${expiresAt}, which nobody has asked for`)
    if (at > cancelledAt(story) && status !== 'cancelled') note('lost', `shown as ${status} after its cancel`)
    if (before && before.status !== 'pending' && status !== before.status) {
      if (status !== 'cancelled' || !wantsCancel(story)) note('changed', `from ${before.status} to ${status}`)
    }
    const [first] = told
    if (first && status !== 'pending' && status !== 'cancelled') {
      if (first.type !== `idface.${status}`) note('told wrongly', `${first.type}, and shown as ${status}`)
      if (delivery.messageId !== first.id) note('changed', `shown with ${delivery.messageId}`)
    }
    before = registration
  }
}

/** Time of troubles does not count, nor what it takes to recover from them. */
const lengthWithout = (troubles: readonly Trouble[], recovery: number, { from, to }: Span): number => {
  let length = to - from
  let counted = from
  for (const trouble of troubles) {
    const begin = Math.max(counted, trouble.from)
    const end = Math.min(to, trouble.to + recovery)
    if (end <= begin) continue
    length -= end - begin
    counted = end
  }
  return length
}

/** A host that has just failed, or taken long, may be waited for. */
const isWell = ({ unwell, promises }: Judged, url: string, { from, to }: Span): boolean =>
  !(unwell.get(new URL(url).host) ?? []).some(one =>
    overlaps({ from: one.at, to: one.answeredAt + promises.resend }, from, to),
  )

/** It is asked about as long as it waits, and told soon. */
const checkTimes = (judged: Judged): undefined => {
  const { story, seen, promises, note } = judged
  const { from, told, acts, polls, shown, asked } = story
  const ofIt = seen.troubles.filter(({ partner = asked.partner }) => partner === asked.partner)
  const untilCancel = Math.min(...acts.filter(({ what }) => what === 'cancel').map(({ at }) => at))
  // It may have been known before this was registered.
  const verdict = polls.find(one => VERDICTS.has(one.answer) && isRecorded(seen)(one))
  const verdictAt = verdict?.heardAt ?? Number.POSITIVE_INFINITY
  const resolvedAt = shown.map(({ registration }) => registration?.resolvedAt).find(at => at)
  const endedAt = resolvedAt ? Date.parse(resolvedAt) : Number.POSITIVE_INFINITY
  const until = Math.min(untilCancel, verdictAt, told[0]?.at ?? Number.POSITIVE_INFINITY, endedAt)
  const asks = polls.map(one => one.at).filter(at => at > from && at < until)
  // When it has ended is said by its own clock, which may be wrong.
  if (promises.clockError === 0 && until !== Number.POSITIVE_INFINITY) asks.push(until)
  for (const [i, at] of asks.entries()) {
    const span = { from: asks[i - 1] ?? from, to: at }
    if (lengthWithout(ofIt, promises.recovery, span) > promises.pollEvery)
      note('starved', `not asked about from ${span.from} to ${at}`)
  }
  const span = { from: Math.max(from, verdictAt), to: Math.min(told[0]?.at ?? seen.endedAt, untilCancel) }
  if (span.from >= seen.endedAt || isGoneUrl(judged, asked) || !isWell(judged, asked.url, span)) return
  const inTelling = ofIt.filter(one => one.of !== 'GetResult')
  if (lengthWithout(inTelling, promises.resend, span) > promises.tellWithin)
    note('starved', `verdict at ${span.from}, told at ${span.to}`)
}

/** What holds of each registration. */
export const STORY_RULES = [checkContent, checkVerdict, checkOnce, checkEnd, checkShown, checkTimes]
