import { SECOND } from '../core/duration.ts'
import type { OperatorProblem } from '../core/operator-channel.ts'
import { isoTime } from '../core/show-time.ts'
import { createSigningKey, sign } from '../core/signature.ts'
import type { Dialect } from './dialect.ts'
import type { NoticeItem } from './notice.ts'
import { oneLine } from './plain-text.ts'

/** For a program: one alert a message, five messages a second. */
const LIMITS = { maxAlerts: 1, gapMs: SECOND / 5, avoidsFullHours: false } as const

const PROBLEMS: Readonly<Record<number, OperatorProblem>> = {
  401: 'signature',
  403: 'signature',
  404: 'key',
  410: 'key',
}

/** Fields of `details` that are times, in any alert; null: not known. */
const TIMES: ReadonlySet<string> = new Set(['since', 'nextTryAt'])
const withIsoTimes = (details: NoticeItem['details']): NoticeItem['details'] =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      TIMES.has(name) && typeof value === 'number' ? isoTime(value) : value,
    ]),
  )

/** Any other receiver: Standard Webhooks, as for partners. Without a secret it is not signed. */
export const STANDARD_WEBHOOK: Dialect = {
  ...LIMITS,
  render: ({ id, at, source, items }, secrets) => {
    const [item] = items
    if (!item) throw new Error('a notice has an event')
    const { type, since, headline, sentence, lines: _, remedy, details, ...rest } = item
    const texts = {
      headline: oneLine(headline),
      sentence: oneLine(sentence),
      remedy: remedy.split('\n').map(oneLine).join('\n'),
    }
    const body = JSON.stringify({
      type,
      timestamp: isoTime(at),
      data: { ...rest, since: isoTime(since), ...texts, details: withIsoTimes(details), source },
    })
    const timestampSeconds = Math.floor(at / SECOND)
    const keys = secrets.map(createSigningKey).filter(key => key !== null)
    const signature = keys.length === 0 ? {} : { 'webhook-signature': sign(keys, { id, timestampSeconds, body }) }
    const headers = { 'content-type': 'application/json', 'webhook-id': id }
    return { headers: { ...headers, 'webhook-timestamp': String(timestampSeconds), ...signature }, body }
  },
  // The response's text is not kept: it may be anybody's page.
  judge: ({ status, waitMs }) => {
    if (status >= 200 && status < 300) return { kind: 'told' }
    const named = { code: `http ${status}`, detail: '' }
    const problem = status >= 300 && status < 400 ? 'key' : PROBLEMS[status]
    if (problem) return { kind: 'refused', problem, ...named }
    // Any other status may pass, even 400: it is a program's bug, not a robot's judgement of the text.
    return { kind: 'later', ...named, waitMs }
  },
}
