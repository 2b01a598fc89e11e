import type { AccountFault, Answer, TransientCause } from '../core/answer.ts'
import type { Reason } from '../core/verification.ts'
import { DURATION_MS, ERROR, type EventEntry, field, ISO_TIME, NUMBER, orNull, TEXT } from './event-fields.ts'

/** What happens between the service and GetResult. */
export const POLLING_EVENTS = {
  'poll.answered': {
    level: 'debug',
    fields: {
      ...{ verificationId: NUMBER, accountId: TEXT, account: TEXT, kind: field<Answer['kind']>('text') },
      ...{ code: orNull(NUMBER), cause: orNull(field<TransientCause>('text')), durationMs: DURATION_MS },
    },
    meaning:
      'A GetResult call has ended; `kind` says how the service classified the answer, and `cause` why there was none of use. `account` is the APIID.',
  },
  'verdict.found': {
    level: 'debug',
    fields: {
      ...{ account: TEXT, status: field<'succeeded' | 'failed'>('text') },
      ...{ registrations: NUMBER, lagMs: orNull(DURATION_MS) },
    },
    meaning:
      'A verdict is in the database, with the end of the `registrations` that waited for it. It came within `lagMs`, the time since the last poll that showed the check open; null: this was the first. It names nobody.',
  },
  'registration.ended': {
    level: 'debug',
    fields: {
      ...{ registrationId: TEXT, partnerId: TEXT, end: field<'verdict' | 'unresolved' | 'cancelled'>('text') },
      ...{ reason: orNull(field<Reason>('text')), ageMs: DURATION_MS },
    },
    meaning:
      'A registration has left `pending`, or was cancelled after its verdict, `ageMs` after it was made. `reason` is why it ended without a verdict.',
  },
  'account.paused': {
    level: 'warn',
    fields: {
      ...{ accountId: TEXT, account: TEXT, reason: field<AccountFault | 'operator'>('text'), code: NUMBER },
      ...{ since: ISO_TIME, probes: NUMBER, probeAt: ISO_TIME },
    },
    meaning:
      'GetResult refuses the account (`account` is its APIID), `since` then, so the service asks nothing before `probeAt`; reported again for each canary call that fails. See [a paused account](operations.md#a-paused-account) and, for `code`, [codes of GetResult](operations.md#codes-of-getresult).',
  },
  'account.resumed': {
    level: 'warn',
    fields: { accountId: TEXT, account: TEXT, rampRate: NUMBER, rampAt: ISO_TIME },
    meaning:
      'GetResult accepts the account again. Its rate starts at `rampRate` calls a second and grows. Where an operator has resumed it, `audit.recorded` says so instead.',
  },
  'account.throttled': {
    level: 'warn',
    fields: { accountId: TEXT, account: TEXT, rampRate: NUMBER, rampAt: ISO_TIME, allowedAt: ISO_TIME },
    meaning: 'GetResult asked for fewer calls. The rate falls to `rampRate` calls a second and grows again.',
  },
  'upstream.unreachable': {
    level: 'warn',
    fields: { accountId: TEXT, account: TEXT, error: TEXT, since: ISO_TIME },
    meaning:
      'Calls fail in a row without an answer of GetResult; reported once an outage, with the last `error`. Nothing is lost and nobody expires. Until there is an answer the service makes a single call, and when that has failed the next one within 10 s. See [an outage of GetResult](operations.md#an-outage-of-getresult).',
  },
  'upstream.back': {
    level: 'warn',
    fields: { accountId: TEXT, account: TEXT },
    meaning: 'GetResult answers again. Whatever is overdue is asked about at the rate of the account.',
  },
  'poll.serial_failing': {
    level: 'warn',
    fields: { verificationId: NUMBER, account: TEXT, cause: field<TransientCause>('text'), since: ISO_TIME },
    meaning:
      'GetResult brings no answer about one serial, since `since` or longer, while it answers about others, so this is no outage. Reported when it has lasted for 2 minutes, and not again before an hour has passed. The service asks more and more rarely, and nobody else waits for it. See [an outage of GetResult](operations.md#an-outage-of-getresult).',
  },
  'upstream.unknown_status': {
    level: 'warn',
    fields: { accountId: TEXT, status: TEXT },
    meaning:
      'GetResult answered a status that is in no table; reported once for each. Find out what it means; polling goes on.',
  },
  'upstream.unknown_code': {
    level: 'warn',
    fields: { accountId: TEXT, code: orNull(NUMBER) },
    meaning:
      'GetResult answered a code that is in no table; reported once for each. Find out what it means; polling goes on. See [codes of GetResult](operations.md#codes-of-getresult).',
  },
  'poll.learning_restarted': {
    level: 'info',
    fields: { accountId: TEXT },
    meaning:
      "The account's checks now finish at other ages than before. The service polls by the rule until 200 more have finished: [polling.md](polling.md).",
  },
  'poll.not_learned': {
    level: 'warn',
    fields: { error: ERROR },
    meaning: 'The service could not read or write at which ages checks finish. Harmless.',
  },
  'poll.settle_delayed': {
    level: 'warn',
    fields: { error: ERROR, outcomes: NUMBER },
    meaning:
      'The database cannot be written, or another session keeps what is to be changed locked (55P03, 57014: `doctor --only locks` names it). The service keeps the answers in memory and tries again, every 5 s at most.',
  },
  'poll.settle_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'One answer could not be recorded; the service asks about its serial again when the lease has run out. This is a bug: please report it.',
  },
  'poll.failed': {
    level: 'error',
    fields: { error: ERROR, verificationId: NUMBER },
    meaning:
      'One poll failed; the service asks about its serial again when the lease has run out. This is a bug: please report it.',
  },
  'poll.round_failed': {
    level: 'error',
    fields: { error: ERROR, failures: NUMBER },
    meaning:
      'The service could not claim serials, usually because of the database; it tries again each second. Reported at once, and then once a minute with the `failures` so far. See [disk full](operations.md#disk-full-or-read-only).',
  },
  'poll.round_recovered': {
    level: 'warn',
    fields: { failures: NUMBER },
    meaning:
      'After `failures` tries the service claims serials again: the database can be used. Told with the first claim, or, where nothing is due, once no try has failed for 15 s.',
  },
} as const satisfies Record<string, EventEntry>
