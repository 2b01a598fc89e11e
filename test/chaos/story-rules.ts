import { isDeepStrictEqual } from 'node:util'
import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import type { Promises } from './findings.ts'
import {
  couldRecord,
  type Done,
  isOk,
  isRecorded,
  isVerdict,
  type Judged,
  longestStandstill,
  overlaps,
  RECORDED_WITHIN_MS,
  VERDICTS,
} from './judged.ts'
import { type Poll, personOf, type Registering, type Span, type Webhook } from './seen.ts'
import type { Story, Told } from './stories.ts'
import { checkUnresolved } from './unresolved.ts'

const STATUS_OF: Readonly<Record<string, string>> = { SUCCESS: 'succeeded', FAIL: 'failed' }

/** It has the metadata that it was made with. */
const hasOneOf = (made: readonly Registering[], { metadata }: { metadata: Record<string, string> }): boolean =>
  made.some(one => isDeepStrictEqual(one.metadata, metadata))

/** Its own receiver, with its own secret, its own data, always the same bytes and id. */
const checkContent = ({ story: { asked, told, made, polls }, seen, promises, note }: Judged): undefined => {
  const wrong = polls.find(({ account }) => account !== (asked.account ?? account))
  if (wrong) note('told to the wrong one', `asked with the account ${wrong.account} at ${wrong.at}`)
  const maxAge = promises.clockError + 30_000 + longestStandstill(seen.troubles)
  const person = seen.thin.includes(asked.partner) ? {} : personOf(asked.serial)
  for (const { url, signedBy, timestamp, at, id, body, data } of told) {
    if (url !== asked.url) note('told to the wrong one', `sent to ${url}`)
    if (signedBy === null) note('badly signed', 'fits no secret')
    else if (signedBy !== asked.partner) note('told to the wrong one', `signed for ${signedBy}`)
    if (Math.abs(timestamp * 1_000 - at) > maxAge) note('badly signed', `at ${timestamp}`)
    if (data.idcardid !== asked.serial) note('told wrongly', `is about ${data.idcardid}`)
    if (!hasOneOf(made, data)) note('changed', `has other metadata, of ${data.metadata.order}`)
    const { message, livingScore, similarity } = data
    const said = message === undefined ? {} : { message, livingScore, similarity }
    if (isVerdict(data) && !isDeepStrictEqual(said, person))
      note('told wrongly', 'with what GetResult has not said of the person')
    if (id !== told[0]?.id) note('doubled', `has a second webhook-id, ${id}`)
    else if (body !== told[0]?.body) note('changed', 'another body with the same webhook-id')
  }
}

/** A webhook must match an earlier answer of GetResult. */
const checkVerdict = (judged: Judged): undefined => {
  const { story, seen, note } = judged
  const [first] = story.told
  if (!first) return
  const { status } = first.data
  // Its serial may still be polled for others while its webhook waits.
  const endedAt = story.shown.findLast(({ registration }) => registration?.resolvedAt)?.registration?.resolvedAt
  // The time of its end comes from the clock of its database.
  const { clockError, databaseClock } = judged.promises
  const unsure = clockError + databaseClock
  const until = Math.min(first.at, endedAt ? Date.parse(endedAt) + unsure : first.at)
  const certain = Math.min(first.at, endedAt ? Date.parse(endedAt) - unsure : first.at)
  const heard = story.polls.filter(({ heardAt }) => heardAt !== null && heardAt <= until)
  // An earlier answer may have been erased with a cancelled registration.
  const isKept = (poll: Poll, heardAt = poll.heardAt ?? 0) =>
    heardAt >= story.asked.at && heardAt <= certain && isRecorded(seen)(poll)
  if (first.type === 'idface.unresolved')
    return checkUnresolved({ ...judged, first, heard, isRecorded: poll => isKept(poll) })
  if (status === null || !VERDICTS.has(status) || first.type !== `idface.${STATUS_OF[status]}`)
    return note('told wrongly', `${first.type} with ${status}`)
  const verdicts = heard.filter(({ answer }) => VERDICTS.has(answer))
  if (verdicts.length === 0) {
    const said = story.polls.find(({ answer }) => VERDICTS.has(answer))?.heardAt ?? 'never'
    return note('told early', `${status} at ${until}, which GetResult has said at ${said}`)
  }
  if (!verdicts.some(({ answer }) => answer === status)) note('told wrongly', `${status}, which GetResult has not said`)
}
const isResent = (acts: Story['acts'], from: number, to: number): boolean =>
  acts.some(({ what, at, answeredAt }) => what === 'resend' && overlaps({ from: at, to: answeredAt ?? to }, from, to))

/** Webhooks that came again after their 2xx or 410, without a resend. */
export const repeatsOf = ({ told, acts }: Story, { queued }: Promises): { ended: Told; again: Told }[] =>
  told.flatMap((again, i) => {
    const ended = told.slice(0, i).findLast(({ status }) => isOk(status) || status === 410)
    return ended && !isResent(acts, ended.at - queued, again.at) ? [{ ended, again }] : []
  })
/** The attempt of a webhook at its longest; without promises from its arrival to the answer. It begins before it leaves. */
export const attemptOf = (
  { node, at, answeredAt }: Webhook,
  { queued, notedLate }: Pick<Promises, 'queued' | 'notedLate'> = { queued: 0, notedLate: 0 },
): Done => ({ node, from: at - Math.max(queued, notedLate), to: answeredAt + notedLate })

/**
 * After a 2xx it comes again only where a trouble of the node that got it, or a resend, explains it; after a cancel that was answered, not
 * at all.
 */
const checkOnce = ({ story, seen, promises, urls, note }: Judged): undefined => {
  const { told, acts } = story
  const { notedLate } = promises
  for (const { ended, again } of repeatsOf(story, promises)) {
    // A node that stood still may have had it in its hands.
    const isHeldUp = again.node !== ended.node && !couldRecord(seen.troubles, attemptOf(again, promises))
    if (!isHeldUp && couldRecord(seen.troubles, attemptOf(ended, promises)))
      note(
        isOk(ended.status) ? 'doubled' : 'sent while disabled',
        `again at ${again.at} after its ${ended.status} at ${ended.at}`,
      )
  }
  const late = told.find(({ at }) => at > cancelledAt(story) + notedLate)
  if (late) note('sent after its cancel', `at ${late.at}`)
  // Attempts that nobody lived to record count as none.
  const most = (1 + acts.filter(({ what }) => what === 'resend').length) * (promises.schedule.length + 1)
  const unrecorded = seen.troubles.filter(one => one.of === 'service').length
  if (told.length > most + unrecorded) note('doubled', `sent ${told.length} times`)
  for (const one of told) {
    const gone = urls.goneSince(story.asked, one.at).find(answered => couldRecord(seen.troubles, attemptOf(answered)))
    if (gone && one.at > gone.answeredAt + RECORDED_WITHIN_MS)
      note('sent while disabled', `at ${one.at} to a URL that has answered 410 at ${gone.at}`)
  }
  const closed = seen.disabled.filter(({ partner }) => partner === story.asked.partner)
  const sent = told.find(({ at }) => closed.some(({ from, to }) => at > from + notedLate && at < to))
  if (sent) note('sent while disabled', `at ${sent.at}`)
}
/** When a cancel was answered; else infinity. */
const cancelledAt = ({ acts }: Story): number =>
  Math.min(...acts.map(({ what, answeredAt }) => (what === 'cancel' && answeredAt) || Number.POSITIVE_INFINITY))
const wantsCancel = ({ acts }: Story): boolean => acts.some(({ what }) => what === 'cancel')

/** How much earlier than its schedule a retry may come, as a share of the delay. */
const SOONEST = 0.8
/** A retry comes neither before its schedule nor before a `Retry-After`, unless it was resent. */
const checkRetries = ({ story: { told, acts }, seen, promises, note }: Judged): undefined => {
  if (promises.clockError > 0) return
  for (const [i, one] of told.entries()) {
    const { at, answeredAt, status, retryAfter = 0 } = one
    const next = told[i + 1]
    if (!next || isOk(status) || !couldRecord(seen.troubles, attemptOf(one))) continue
    const delay = SOONEST * Math.min(...promises.schedule.slice(0, i + 1)) - promises.notedLate
    if (!isResent(acts, at - promises.queued, next.at) && next.at < answeredAt + Math.max(delay, retryAfter * 1_000))
      note('over the rate', `sent at ${next.at}, ${retryAfter ? `${retryAfter} s` : 'a retry'} after ${answeredAt}`)
  }
}

/** Once all is quiet it has arrived, is given up after all its attempts, or was cancelled. */
const checkEnd = (judged: Judged): undefined => {
  const { story, promises, urls, seen, note } = judged
  const { told, acts, shown, asked } = story
  const lastLook = shown.findLast(({ registration }) => registration !== null)
  const known = lastLook?.registration
  if (!known) {
    if (asked.answeredAt === null) return
    return note('lost', shown.length === 0 ? 'no call for it was ever answered' : 'is not there any more')
  }
  const endedAt = known.resolvedAt === null ? Number.POSITIVE_INFINITY : Date.parse(known.resolvedAt)
  const missing = shown.find(({ at, registration }) => registration === null && at > asked.at)
  if (missing && missing.at < endedAt + promises.retention - promises.clockError)
    return note('lost', `is not there any more at ${missing.at}`)
  if (wantsCancel(story)) return
  const { status, delivery } = known
  if (status === 'pending') return note('lost', 'has never ended')
  if (status === 'cancelled') return note('lost', 'is cancelled, and nobody has done that')
  const resent = acts.filter(({ what, answeredAt, isUnsure }) => what === 'resend' && answeredAt !== null && !isUnsure)
  // An attempt from before it was to be sent again does not count.
  const resentAt = Math.max(0, ...resent.map(({ at }) => at))
  const isArrived = told.some(one => isOk(one.status) && one.at >= resentAt - promises.notedLate)
  if (delivery.state === 'delivered' && !isArrived) note('lost', 'is called delivered, and no 2xx was answered')
  // A bulk resend may have sent it again after the last look at it.
  const lastShown = told.findLast(({ at }) => at <= (lastLook.answeredAt ?? lastLook.at))
  if (urls.mayBeHeld(asked, seen.endedAt) || lastShown?.status === 410) return
  if (delivery.state === 'pending' && !missing) note('lost', 'is still to be sent')
  if (resent.length > 0 && !told.some(({ at }) => at >= resentAt - promises.notedLate))
    note('lost', `is not sent again, as was asked for at ${resentAt}`)
  if (delivery.state === 'exhausted' && told.filter(({ at }) => at >= resentAt).length <= promises.schedule.length)
    note('lost', `is given up after ${told.length} attempts`)
}

/** It is shown as it was registered, and its end stays as a GET has shown it. */
const checkShown = ({ story, promises, note }: Judged): undefined => {
  const { asked, shown, told, pair, made } = story
  const deadlines = pair.map(one => (one.expiresAt === null ? null : Date.parse(one.expiresAt)))
  const defaults: Span = {
    from: Math.min(...pair.map(({ at }) => at)) + promises.ttl - promises.clockError,
    to: (asked.answeredAt ?? Number.POSITIVE_INFINITY) + promises.ttl + promises.clockError,
  }
  let before: RegistrationAnswer | null = null
  for (const { at, registration } of shown) {
    if (!registration) continue
    const { idcardid, callbackUrl, metadata, status, result, delivery } = registration
    if (idcardid !== asked.serial || callbackUrl !== asked.url)
      note('told to the wrong one', `shown as ${idcardid} for ${callbackUrl}`)
    // Of whom is cancelled no more is kept.
    if (!hasOneOf(made, registration) && (status !== 'cancelled' || !isDeepStrictEqual(metadata, {})))
      note('changed', `shown with other metadata, of ${metadata.order}`)
    const said = status === 'succeeded' ? 'SUCCESS' : status === 'failed' ? 'FAIL' : null
    if (!isDeepStrictEqual(result, said && { status: said, ...personOf(asked.serial) }))
      note('told wrongly', `shown as ${status} with the result ${JSON.stringify(result)}`)
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

/** The rules for each registration. */
export const STORY_RULES = [checkContent, checkVerdict, checkOnce, checkRetries, checkEnd, checkShown]
