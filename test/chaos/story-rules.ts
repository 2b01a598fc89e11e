import type { RegistrationAnswer } from '../../src/http/partner/registration-schemas.ts'
import type { Finding, Promises } from './findings.ts'
import type { Poll, Registering, Seen, Span } from './seen.ts'
import type { Story } from './stories.ts'

/** A registration, and where what is wrong with it is noted. */
export interface Judged {
  story: Story
  seen: Seen
  promises: Promises
  note: (broken: Finding['broken'], what: string) => undefined
}

export const isOk = (status: number | null): boolean => status !== null && status >= 200 && status < 300
export const VERDICTS = new Set<string>(['SUCCESS', 'FAIL'])
const STATUS_OF: Readonly<Record<string, string>> = { SUCCESS: 'succeeded', FAIL: 'failed' }

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

const isHeardBefore =
  (at: number, ...answers: readonly string[]) =>
  ({ answer, heardAt }: Poll): boolean =>
    heardAt !== null && heardAt <= at && answers.includes(answer)

/** Nothing is said that GetResult has not said before. */
const checkVerdict = ({ story, seen, promises, note }: Judged): undefined => {
  const [first] = story.told
  if (!first) return
  const { status, reason } = first.data
  const ofSerial = seen.polls.filter(({ serial }) => serial === story.asked.serial)
  const heard = (...answers: readonly string[]) => ofSerial.filter(isHeardBefore(first.at, ...answers))
  const verdicts = heard('SUCCESS', 'FAIL')
  if (first.type !== 'idface.unresolved') {
    if (status === null || !VERDICTS.has(status) || first.type !== `idface.${STATUS_OF[status]}`)
      return note('told wrongly', `${first.type} with ${status}`)
    if (verdicts.length === 0) return note('told early', `${status} before GetResult has said so`)
    if (!verdicts.some(({ answer }) => answer === status))
      note('told wrongly', `${status}, which GetResult has not said`)
    return
  }
  if (
    verdicts.some(
      ({ heardAt }) => (heardAt ?? 0) + promises.recovery < first.at && noFault(seen.troubles, heardAt ?? 0, first.at),
    )
  )
    note('told wrongly', `unresolved (${reason}), with a verdict`)
  if (reason === 'expired') {
    const expiresAt = story.shown.map(({ registration }) => registration?.expiresAt).find(at => at !== undefined)
    const asked = heard('waiting', 'not_found', 'invalid').filter(
      ({ heardAt }) => expiresAt !== undefined && (heardAt ?? 0) >= Date.parse(expiresAt) - promises.clockError,
    )
    if (expiresAt !== undefined && asked.length === 0) note('told early', 'expired, without a last look')
  }
  if (
    reason === 'not_found' &&
    (heard('not_found').length === 0 || story.polls.some(isHeardBefore(first.at, 'waiting')))
  )
    note('told wrongly', 'not found, where GetResult has known it')
  if (reason === 'gone' && (heard('waiting').length === 0 || heard('not_found').length < 2))
    note('told wrongly', 'gone, without being asked twice')
  if (reason === 'invalid_id' && heard('invalid').length < 3)
    note('told wrongly', 'malformed, without being asked anew')
}

const overlaps = (span: Span, from: number, to: number): boolean => span.from <= to && span.to >= from
const noFault = (faults: readonly Span[], from: number, to: number): boolean =>
  !faults.some(fault => overlaps(fault, from, to))

/** After a 2xx it comes again only where a fault, or a resend, explains it; after a cancel that was answered, not at all. */
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
    // Whoever had sent it did not live to record that, or could not.
    const isExcused = seen.troubles.some(fault =>
      overlaps(
        { from: fault.from, to: fault.to + promises.recovery },
        from,
        Math.min(to, arrived.answeredAt + promises.recovery),
      ),
    )
    if (!isAsked && !isExcused) note('doubled', `sent again at ${to} after its 2xx at ${arrived.at}`)
  }
  const cancelledAt = Math.min(
    ...acts.filter(({ what }) => what === 'cancel').map(({ answeredAt }) => answeredAt ?? Number.POSITIVE_INFINITY),
  )
  const late = told.find(({ at }) => at > cancelledAt + notedLate)
  if (late) note('sent after its cancel', `at ${late.at}`)
  const closed = seen.disabled.filter(({ partner }) => partner === story.asked.partner)
  const sent = told.find(({ at }) => closed.some(({ from, to }) => at > from + notedLate && at < to))
  if (sent) note('sent while disabled', `at ${sent.at}`)
}

/** After a 410 what is for that URL is held. */
const isGoneUrl = ({ webhooks }: Seen, { url, partner }: Registering): boolean =>
  webhooks.some(one => one.status === 410 && one.url === url && one.signedBy === partner)

/** Once all is quiet it has arrived, is given up after all its attempts, or was cancelled. */
const checkEnd = ({ story: { told, acts, shown, asked }, seen, promises, note }: Judged): undefined => {
  const isKnown = asked.answeredAt !== null
  const last = shown.findLast(({ registration }) => registration !== null)
  // What has ended is erased after a while.
  const isErased = shown.at(-1)?.registration === null && last?.registration?.status !== 'pending'
  if (isKnown && !last) return note('lost', 'is not there any more')
  if (acts.some(({ what }) => what === 'cancel')) return
  if (!isKnown && told.length === 0) return
  if (!last?.registration) return
  const { status, delivery } = last.registration
  if (status === 'pending') return note('lost', 'has never ended')
  if (status === 'cancelled') return note('lost', 'is cancelled, and nobody has done that')
  const isArrived = told.some(one => isOk(one.status))
  if (isErased && !isArrived) return
  if (delivery.state === 'delivered' && !isArrived) note('lost', 'is called delivered, and no 2xx was answered')
  const isGone = isGoneUrl(seen, asked)
  if (delivery.state === 'pending' && !isGone) note('lost', 'is still to be sent')
  if (delivery.state !== 'exhausted') return
  const resentAt = Math.max(0, ...acts.map(({ at }) => at))
  if (!isGone && told.filter(({ at }) => at >= resentAt).length <= promises.retries)
    note('lost', `is given up after ${told.length} attempts`)
}

/** What a GET has shown stays so: a status that is not pending any more, its verdict, its id. */
const checkShown = ({ story: { asked, shown, told, acts }, note }: Judged): undefined => {
  let before: RegistrationAnswer | null = null
  for (const { registration } of shown) {
    if (!registration) continue
    if (registration.idcardid !== asked.serial || registration.callbackUrl !== asked.url)
      note('told to the wrong one', `shown as ${registration.idcardid} for ${registration.callbackUrl}`)
    if (before && before.status !== 'pending' && registration.status !== before.status) {
      if (registration.status !== 'cancelled' || acts.length === 0)
        note('changed', `from ${before.status} to ${registration.status}`)
    }
    const [first] = told
    if (first && registration.status !== 'pending' && registration.status !== 'cancelled') {
      if (first.type !== `idface.${registration.status}`)
        note('told wrongly', `${first.type}, and shown as ${registration.status}`)
      if (registration.delivery.messageId !== first.id) note('changed', `shown with ${registration.delivery.messageId}`)
    }
    before = registration
  }
}

/** Time of faults does not count, nor what it takes to recover from them. */
const lengthWithout = (faults: readonly Span[], recovery: number, { from, to }: Span): number => {
  let length = to - from
  let counted = from
  for (const fault of faults) {
    const begin = Math.max(counted, fault.from)
    const end = Math.min(to, fault.to + recovery)
    if (end <= begin) continue
    length -= end - begin
    counted = end
  }
  return length
}

/** A receiver that fails, or takes long, is sent less at a time. */
const isWell = ({ webhooks }: Seen, url: string, { from, to }: Span): boolean => {
  const { host } = new URL(url)
  return !webhooks.some(
    ({ url, status, at, answeredAt }) =>
      !(isOk(status) && answeredAt - at < 1_000) &&
      at <= to &&
      answeredAt >= from - UNWELL_FOR_MS &&
      new URL(url).host === host,
  )
}
const UNWELL_FOR_MS = 600_000

/** It is asked about as long as it waits, and told soon. */
const checkTimes = ({ story, seen, promises, note }: Judged): undefined => {
  const { from, told, acts, polls, shown } = story
  const without = (span: Span) => lengthWithout(seen.troubles, promises.recovery, span)
  const cancelledAt = Math.min(...acts.filter(({ what }) => what === 'cancel').map(({ at }) => at))
  // It may have been known before this was registered.
  const verdict = seen.polls.find(
    ({ serial, answer, heardAt }) => serial === story.asked.serial && heardAt !== null && VERDICTS.has(answer),
  )
  const verdictAt = verdict?.heardAt ?? Number.POSITIVE_INFINITY
  const resolvedAt = shown.map(({ registration }) => registration?.resolvedAt).find(at => at)
  const endedAt = resolvedAt ? Date.parse(resolvedAt) : Number.POSITIVE_INFINITY
  const until = Math.min(cancelledAt, verdictAt, told[0]?.at ?? Number.POSITIVE_INFINITY, endedAt)
  const asked = polls.map(one => one.at).filter(at => at > from && at < until)
  // When it has ended is said by its own clock, which may be wrong.
  if (promises.clockError === 0 && until !== Number.POSITIVE_INFINITY) asked.push(until)
  for (const [i, at] of asked.entries()) {
    const before = asked[i - 1] ?? from
    if (without({ from: before, to: at }) > promises.pollEvery)
      note('starved', `not asked about from ${before} to ${at}`)
  }
  const knownAt = Math.max(from, verdictAt)
  const toldAt = Math.min(told[0]?.at ?? seen.endedAt, cancelledAt)
  if (!isWell(seen, story.asked.url, { from: knownAt, to: toldAt })) return
  if (knownAt < seen.endedAt && without({ from: knownAt, to: toldAt }) > promises.tellWithin)
    note('starved', `verdict at ${knownAt}, told at ${toldAt}`)
}

/** What holds of each registration. */
export const STORY_RULES = [checkContent, checkVerdict, checkOnce, checkEnd, checkShown, checkTimes]
