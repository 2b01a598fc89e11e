import { isAnswered } from './clients.ts'
import { checkInFlight } from './coverage.ts'
import type { Finding, Promises } from './findings.ts'
import { couldRecord, isOk, type Judged, longestStandstill, overlaps, RECORDED_WITHIN_MS, VERDICTS } from './judged.ts'
import type { Poll, Seen } from './seen.ts'
import { pairKey, type Story, storiesOf } from './stories.ts'
import { STORY_RULES } from './story-rules.ts'
import { TIME_RULES } from './time-rules.ts'
import { urlsOf } from './urls.ts'

/**
 * Judges the service by outside observations alone. Call it after all has come to rest: faults have ended, and all that
 * was due was sent. Returns an empty list if every promise was kept.
 */
export const findBroken = (seen: Seen, promises: Promises): Finding[] => {
  const findings: Finding[] = []
  const stories = storiesOf(seen, findings)
  const urls = urlsOf(seen, promises)
  for (const story of stories) {
    const note: Judged['note'] = (broken, what) => void findings.push({ broken, what: `${story.id}: ${what}` })
    const judged = { story, seen, promises, urls, note }
    for (const check of [...STORY_RULES, ...TIME_RULES]) check(judged)
  }
  checkPairs(stories, findings)
  checkVerdicts(stories, findings)
  checkEvents(seen, stories, findings)
  checkRates(seen, promises, findings)
  checkQuotas(seen, promises, findings)
  checkRefusedActs(seen, stories, findings)
  checkPried(seen, findings)
  checkRefusals(seen, { stories, promises }, findings)
  checkAnswers(seen, promises, findings)
  checkInFlight(stories, seen, promises, findings)
  return findings
}

/** A serial belongs to its partner by this: its leading digits without leading zeros, else all of it. */
const keyOf = (serial: string): string => /^0*(\d+)/.exec(serial)?.[1] ?? serial
const SERIAL = /^(?!0$)[\w-]{1,64}$/

/** A refused serial must be malformed, expire in the past, or be another partner's, in any spelling. */
const checkRefusals = (
  { refusals, registering }: Seen,
  { stories, promises: { clockError } }: { stories: readonly Story[]; promises: Promises },
  findings: Finding[],
): void => {
  const ownersOf = Map.groupBy(registering, ({ serial }) => keyOf(serial))
  for (const { partner, serial, expiresAt, status, at, answeredAt } of refusals) {
    const isPast = expiresAt !== null && Date.parse(expiresAt) <= (answeredAt ?? 0) + clockError
    const owners = ownersOf.get(keyOf(serial)) ?? []
    const isOwn = owners.some(one => one.partner === partner && one.id !== null && (one.answeredAt ?? at) < at)
    const isTaken = owners.some(one => one.partner !== partner && (one.id !== null || !isOwn))
    if (!(status === 422 && (isPast || !SERIAL.test(serial))) && !(status === 409 && isTaken))
      findings.push({ broken: 'refused', what: `${serial} of ${partner}, with ${status}` })
  }
  const had = registering.flatMap(({ id, serial, partner }) => (id === null ? [] : [{ name: serial, partner }]))
  const told = stories.flatMap(({ asked: { serial, partner }, told }) =>
    told.some(({ data: { status } }) => status && VERDICTS.has(status)) ? [{ name: keyOf(serial), partner }] : [],
  )
  // A serial that ended unknown leaves its other spellings to others, but a verdict is told to one partner.
  for (const [name, all] of [...Map.groupBy(had, one => one.name), ...Map.groupBy(told, one => one.name)]) {
    const owners = new Set(all.map(({ partner }) => partner))
    if (owners.size > 1)
      findings.push({ broken: 'told to the wrong one', what: `${name} belongs to ${[...owners].join(', ')}` })
  }
}

/** A registration can be cancelled as long as it exists, and resent once its webhook was sent. */
const checkRefusedActs = ({ refusedActs }: Seen, stories: readonly Story[], findings: Finding[]): void => {
  const storyOf = new Map(stories.map(story => [story.id, story]))
  for (const { id, what, at, status } of refusedActs) {
    const { told = [], shown = [], acts = [] } = storyOf.get(id) ?? {}
    const isThere = shown.some(one => one.registration !== null && one.at > at)
    const isCancelled = acts.some(act => act.what === 'cancel' && act.at <= at)
    const isTold = told.some(one => one.answeredAt < at) && !isCancelled
    if (isThere && (what === 'cancel' || (what === 'resend' && isTold)))
      findings.push({ broken: 'refused', what: `${id}: ${what} at ${at}, with ${status}` })
  }
}

/** No partner sees a registration of another. */
const checkPried = ({ pried }: Seen, findings: Finding[]): void => {
  for (const { id, partner, status } of pried)
    if (status !== 404) findings.push({ broken: 'told to the wrong one', what: `${id}: ${status} for ${partner}` })
}

/** Of a serial and a URL a partner has one registration that lives. */
const checkPairs = (stories: readonly Story[], findings: Finding[]): void => {
  const pairs = Map.groupBy(stories, ({ asked }) => pairKey(asked))
  for (const [pair, same] of pairs) {
    const alive = same.filter(({ shown, acts }) => {
      const status = shown.at(-1)?.registration?.status
      return (
        status !== undefined &&
        status !== 'unresolved' &&
        status !== 'cancelled' &&
        !acts.some(({ what }) => what === 'cancel')
      )
    })
    if (alive.length > 1) findings.push({ broken: 'doubled', what: `${pair}: ${alive.map(({ id }) => id).join(', ')}` })
  }
}

/** The first verdict of a serial is everybody's, until a cancel has erased it. */
const checkVerdicts = (stories: readonly Story[], findings: Finding[]): void => {
  for (const [serial, same] of Map.groupBy(stories, ({ asked }) => asked.serial)) {
    if (same.some(({ acts }) => acts.some(({ what }) => what === 'cancel'))) continue
    const told = new Set(
      same.flatMap(story =>
        story.told.flatMap(({ data: { status } }) => (status && VERDICTS.has(status) ? [status] : [])),
      ),
    )
    if (told.size > 1) findings.push({ broken: 'told wrongly', what: `${serial}: both SUCCESS and FAIL` })
  }
}

/** The events of a partner are its webhooks, each once, in an order that never changes. */
const checkEvents = ({ events: pages }: Seen, stories: readonly Story[], findings: Finding[]): void => {
  const storyOf = new Map(stories.map(story => [story.id, story]))
  for (const [partner, read] of Map.groupBy(pages, page => page.partner)) {
    const note = (broken: Finding['broken'], what: string) =>
      findings.push({ broken, what: `events of ${partner}: ${what}` })
    const known = new Set<string>()
    for (const { events } of read) {
      for (const { messageId, registrationId, body } of events) {
        if (known.has(messageId)) note('out of order', `${messageId} came twice`)
        known.add(messageId)
        const story = storyOf.get(registrationId)
        if (story && story.asked.partner !== partner) note('told to the wrong one', registrationId)
        const webhook = story?.told[0]
        if (webhook && (webhook.body !== body || webhook.id !== messageId))
          note('changed', `${messageId} was sent otherwise`)
      }
    }
    for (const { id, asked, told, acts } of stories) {
      if (asked.partner !== partner || told.length === 0 || acts.some(({ what }) => what === 'cancel')) continue
      if (!known.has(told[0]?.id ?? '')) note('lost', `${id} was sent, and is no event`)
    }
  }
}

/** How far calls ever went beyond `rate` a second. */
const highestLevel = (polls: readonly Poll[], rate: number): number => {
  let level = 0
  let highest = 0
  let last = Number.NEGATIVE_INFINITY
  for (const { at } of polls) {
    level = Math.max(0, level - ((at - last) / 1_000) * rate) + 1
    highest = Math.max(highest, level)
    last = at
  }
  return highest
}

/** Polls beyond the shortest interval that failures, and processes that died, may bring. */
const EXTRA_POLLS = 8

/** Checks the rates of accounts, and of serials that no new registration, test or hint has asked for. */
const checkRates = (
  { polls, registering, acts, troubles, paused }: Seen,
  { rate, burst, rates = {}, pollAtMost, clockError, notedLate }: Promises,
  findings: Finding[],
) => {
  const note = (what: string) => void findings.push({ broken: 'over the rate', what })
  // Until an answer is recorded, other serials are claimed and polled.
  const claimedMs = RECORDED_WITHIN_MS + notedLate
  const heldUpMs = longestStandstill(troubles)
  for (const [account, ofAccount] of Map.groupBy(polls, ({ account = '' }) => account)) {
    const allowed = rates[account] ?? { rate, burst }
    const level = highestLevel(ofAccount, allowed.rate)
    if (level > allowed.burst + (allowed.rate * heldUpMs) / 1_000) note(`${account} ${level.toFixed(1)} calls at once`)
    for (const { from, to, ...of } of paused) {
      const asked = ofAccount.find(({ at }) => at > from + claimedMs && at < to)
      if (asked && (!account || account === of.account) && couldRecord(troubles, { from, to: asked.at }))
        note(`asked at ${asked.at}, while its account was paused`)
    }
    for (const poll of ofAccount) {
      const { heardAt, retryAfterMs } = poll
      if (!retryAfterMs || heardAt === null || clockError > 0) continue
      const early = ofAccount.find(({ at }) => at > heardAt + claimedMs && at < heardAt + retryAfterMs)
      if (early && couldRecord(troubles, { from: poll.at, to: early.at }))
        note(`asked at ${early.at}, ${retryAfterMs} ms after ${heardAt} were asked for`)
    }
  }
  const askedOf = Map.groupBy(registering, ({ serial }) => serial)
  for (const [serial, ofSerial] of Map.groupBy(polls, one => one.serial)) {
    const own = askedOf.get(serial) ?? []
    const ids = new Set(own.map(({ id }) => id))
    const asked = own.length + acts.filter(({ what, id }) => what === 'poll' && ids.has(id)).length
    const level = highestLevel(ofSerial, 1_000 / pollAtMost)
    // A recorded answer ends the polls of all registrations, unless none waited any more.
    const isKept = ({ node, at: from, heardAt: to }: Poll) =>
      to !== null && couldRecord(troubles, { node, from, to: to + notedLate })
    const knownAt = ofSerial.find(one => VERDICTS.has(one.answer) && isKept(one))?.heardAt
    if (
      knownAt &&
      !own.some(({ at }) => at > knownAt) &&
      !acts.some(({ what, id }) => what === 'cancel' && ids.has(id))
    ) {
      const again = ofSerial.find(one => one.at > knownAt + claimedMs)
      if (again && couldRecord(troubles, { node: again.node, from: again.at - claimedMs, to: again.at }))
        note(`${serial}: asked at ${again.at}, with its verdict since ${knownAt}`)
    }
    if (level > asked + troubles.length + EXTRA_POLLS) note(`${serial}: ${level.toFixed(1)} calls at once`)
  }
}

/** Of a partner no more wait at a time than its quota, for all that it knows. */
const checkQuotas = ({ registering, shown, endedAt }: Seen, { pending }: Promises, findings: Finding[]): void => {
  if (pending === undefined) return
  const ends = new Map(shown.map(({ id, registration }) => [id, Date.parse(registration?.resolvedAt ?? '')]))
  const waits = [...new Map(registering.toReversed().map(one => [one.id, one])).values()].flatMap(
    ({ partner, id, answeredAt: from }) => (id && from ? [{ partner, from, to: ends.get(id) || endedAt }] : []),
  )
  for (const { partner, from } of waits) {
    const all = waits.filter(one => one.partner === partner && one.from <= from && from < one.to)
    if (all.length > pending) findings.push({ broken: 'over the rate', what: `${all.length} wait for ${partner}` })
  }
}

/** One call in this many may have no answer. */
const UNANSWERED_OF = 100
/** Later than this after a trouble, every call must be answered. */
const ANSWERS_AGAIN_MS = 30_000
/** The API answers, but while a trouble lasts. */
const checkAnswers = ({ calls, troubles }: Seen, { pending }: Promises, findings: Finding[]): void => {
  const note = (what: string) => findings.push({ broken: 'unavailable', what })
  const hitting = troubles.filter(({ of }) => of === 'service' || of === 'partner')
  const judged = calls.filter(
    ({ partner, from, to }) =>
      // A process may have ended a moment before that is noted.
      !hitting.some(
        trouble =>
          (trouble.partner ?? partner) === partner &&
          overlaps(trouble, from - RECORDED_WITHIN_MS, to + RECORDED_WITHIN_MS),
      ),
  )
  const unanswered = judged.filter(({ status }) => !isAnswered(status) && !(status === 429 && pending))
  if (unanswered.length > Math.ceil(judged.length / UNANSWERED_OF))
    note(`${unanswered.length} of ${judged.length} calls without an answer`)
  const starting = { from: 0, to: calls[0]?.from ?? 0 }
  for (const { from, to, status } of unanswered)
    if (![...hitting, starting].some(trouble => overlaps(trouble, from - ANSWERS_AGAIN_MS, to)))
      note(`calls: ${status ?? 'nothing'} at ${to}, long after the last trouble`)
}

/** Webhooks that came again, with the same id, after their 2xx. */
export const countDuplicates = ({ webhooks }: Seen): number => {
  const arrived = new Set<string>()
  return webhooks.filter(({ id, status }) => {
    if (arrived.has(id)) return true
    if (isOk(status)) arrived.add(id)
    return false
  }).length
}
