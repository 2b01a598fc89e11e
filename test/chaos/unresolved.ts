import { type Judged, VERDICTS } from './judged.ts'
import type { Poll } from './seen.ts'
import type { Told } from './stories.ts'

/** A webhook without a verdict, and the answers of GetResult until then. */
interface Unresolved extends Judged {
  first: Told
  heard: readonly Poll[]
  isRecorded: (poll: Poll) => boolean
}

/** How long after its deadline a serial without any answer is still polled. */
const UNANSWERED_MS = 24 * 3_600_000
const KNOWN: ReadonlySet<string> = new Set(['waiting', 'unknown', 'SUCCESS', 'FAIL'])

const isKnown = ({ answer }: Poll): boolean => KNOWN.has(answer)
const count = (heard: readonly Poll[], answer: Poll['answer']): number =>
  heard.filter(one => one.answer === answer).length

/** The answers of GetResult that each reason requires; returns the fault as text, or null. */
const RULES: Readonly<Record<string, (facts: Unresolved) => string | null>> = {
  expired: facts => (mayKnow(facts, 'waiting') ? null : 'the status is unknown'),
  unknown_status: facts => (mayKnow(facts, 'unknown') ? null : 'no status is unknown'),
  not_found: ({ story, heard, promises, isRecorded }) => {
    // A call that was not answered may have made it.
    const madeAt = Math.min(...story.made.map(({ at }) => at))
    const graceEnd = madeAt + promises.notFoundGrace - promises.clockError - promises.databaseClock
    if (!heard.some(({ answer, heardAt }) => answer === 'not_found' && (heardAt ?? 0) >= graceEnd))
      return 'not asked about after the time in which it may appear'
    return heard.some(one => isKnown(one) && isRecorded(one)) ? 'GetResult has known it' : null
  },
  gone: facts => {
    const isGone = facts.heard.some(isKnown) && count(sinceKnown(facts), 'not_found') >= 3
    return isGone ? null : 'not seen, and then missed three times'
  },
  invalid_id: ({ heard }) => (count(heard, 'invalid') >= 3 ? null : 'not called malformed three times'),
}

/** From the last status on that was certainly recorded. */
const sinceKnown = ({ heard, isRecorded }: Unresolved) =>
  heard.slice(
    Math.max(
      0,
      heard.findLastIndex(one => isKnown(one) && isRecorded(one)),
    ),
  )
/** Whether that may be the last status that was recorded, or none was. */
const mayKnow = (facts: Unresolved, answer: Poll['answer']): boolean => {
  const known = sinceKnown(facts).filter(one => isKnown(one) && !VERDICTS.has(one.answer))
  // Of an erased verdict the status may be left.
  const isErased = facts.heard.some(one => VERDICTS.has(one.answer))
  const mayBeNone = !known.some(facts.isRecorded)
  return known.some(one => one.answer === answer) || (mayBeNone && (answer === 'waiting' || isErased))
}

/** Whose deadline must have passed. */
const LATE: ReadonlySet<string | null> = new Set(['expired', 'unknown_status'])
/** Its deadline passes only with an answer, or after a day without. */
const isPassed = ({ first, story, heard, promises }: Unresolved): boolean => {
  const expiresAt = story.shown.map(({ registration }) => registration?.expiresAt).find(at => at !== undefined)
  if (expiresAt === undefined) return true
  const deadline = Date.parse(expiresAt) + promises.settleMargin - promises.clockError - promises.databaseClock
  const isAsked = heard.some(({ answer, heardAt }) => answer !== 'none' && (heardAt ?? 0) >= deadline)
  return isAsked || first.at >= deadline + UNANSWERED_MS
}

/** No registration with a verdict is given up, and the reason must fit the answers of GetResult. */
export const checkUnresolved = (facts: Unresolved): undefined => {
  const { first, heard, isRecorded, note } = facts
  const { reason } = first.data
  if (heard.some(one => VERDICTS.has(one.answer) && isRecorded(one)))
    note('told wrongly', `unresolved (${reason}), with a verdict`)
  if (LATE.has(reason) && !isPassed(facts)) note('told early', `${reason}, without a last look`)
  const wrong = (RULES[reason ?? ''] ?? (() => 'there is no such reason'))(facts)
  if (wrong !== null) note('told wrongly', `${reason}: ${wrong}`)
}
