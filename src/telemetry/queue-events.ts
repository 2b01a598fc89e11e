import type { AccountFault, Answer, TransientCause } from '../core/answer.ts'
import type { AttemptOrigin } from '../core/message.ts'
import type { Reason } from '../core/verification.ts'
import {
  DURATION_MS,
  debug,
  ERROR,
  type EventEntry,
  error,
  failed,
  field,
  ISO_TIME,
  info,
  NUMBER,
  orNull,
  TEXT,
  warn,
} from './event-fields.ts'

/** Result of an attempt: a status, or the reason why there is none. */
const ANSWER = { httpStatus: orNull(NUMBER), error: orNull(TEXT), detail: orNull(TEXT) }
const CALLBACK = { partnerId: TEXT, host: TEXT, since: ISO_TIME, error: TEXT }

/** Events between the service and GetResult, and between the service and the callbacks. */
export const QUEUE_EVENTS = {
  'poll.answered': debug(
    {
      verificationId: NUMBER,
      accountId: TEXT,
      account: TEXT,
      kind: field<Answer['kind']>('text'),
      code: orNull(NUMBER),
      cause: orNull(field<TransientCause>('text')),
      durationMs: DURATION_MS,
    },
    'A GetResult call has ended; `kind` says how the service classified the answer, and `cause` why there was none of use. `account` is the APIID.',
  ),
  'verdict.found': debug(
    { account: TEXT, status: field<'succeeded' | 'failed'>('text'), registrations: NUMBER, lagMs: orNull(DURATION_MS) },
    'A verdict is in the database, with the end of the `registrations` that waited for it. It came within `lagMs`, the time since the last poll that showed the check open; null: this was the first. It names nobody.',
  ),
  'registration.ended': debug(
    {
      registrationId: TEXT,
      partnerId: TEXT,
      end: field<'verdict' | 'unresolved' | 'cancelled'>('text'),
      reason: orNull(field<Reason>('text')),
      ageMs: DURATION_MS,
    },
    'A registration has left `pending`, or was cancelled after its verdict, `ageMs` after it was made. `reason` is why it ended without a verdict.',
  ),
  'account.paused': warn(
    {
      accountId: TEXT,
      account: TEXT,
      reason: field<AccountFault | 'operator'>('text'),
      code: NUMBER,
      since: ISO_TIME,
      probes: NUMBER,
      probeAt: ISO_TIME,
    },
    'GetResult refuses the account (`account` is its APIID), `since` then, so the service asks nothing before `probeAt`; reported again for each canary call that fails. See [a paused account](operations.md#a-paused-account) and, for `code`, [codes of GetResult](operations.md#codes-of-getresult).',
  ),
  'account.resumed': warn(
    { accountId: TEXT, account: TEXT, rampRate: NUMBER, rampAt: ISO_TIME },
    'GetResult accepts the account again. Its rate starts at `rampRate` calls a second and grows. Where an operator has resumed it, `audit.recorded` says so instead.',
  ),
  'account.throttled': warn(
    { accountId: TEXT, account: TEXT, rampRate: NUMBER, rampAt: ISO_TIME, allowedAt: ISO_TIME },
    'GetResult asked for fewer calls. The rate falls to `rampRate` calls a second and grows again.',
  ),
  'upstream.unreachable': warn(
    { accountId: TEXT, account: TEXT, error: TEXT, since: ISO_TIME },
    'Calls fail in a row without an answer of GetResult; reported once an outage, with the last `error`. Nothing is lost and nobody expires. Until there is an answer the service makes a single call, and when that has failed the next one within 10 s. See [an outage of GetResult](operations.md#an-outage-of-getresult).',
  ),
  'upstream.back': warn(
    { accountId: TEXT, account: TEXT },
    'GetResult answers again. Whatever is overdue is asked about at the rate of the account.',
  ),
  'upstream.unknown_status': warn(
    { accountId: TEXT, status: TEXT },
    'GetResult answered a status that is in no table; reported once for each. Find out what it means; polling goes on.',
  ),
  'upstream.unknown_code': warn(
    { accountId: TEXT, code: orNull(NUMBER) },
    'GetResult answered a code that is in no table; reported once for each. Find out what it means; polling goes on. See [codes of GetResult](operations.md#codes-of-getresult).',
  ),
  'poll.settle_delayed': warn(
    { error: ERROR, outcomes: NUMBER },
    'The database cannot be written, or another session keeps what is to be changed locked (55P03, 57014: `doctor --only locks` names it). The service keeps the answers in memory and tries again, every 5 s at most.',
  ),
  'poll.settle_failed': failed(
    'One answer could not be recorded; the service asks about its serial again when the lease has run out. This is a bug: please report it.',
  ),
  'poll.failed': error(
    { error: ERROR, verificationId: NUMBER },
    'One poll failed; the service asks about its serial again when the lease has run out. This is a bug: please report it.',
  ),
  'poll.round_failed': failed(
    'The service could not claim serials, usually because of the database; it tries again each second. Reported at once, and then once a minute. See [disk full](operations.md#disk-full-or-read-only).',
  ),
  'message.delivered': debug(
    { messageId: TEXT, registrationId: TEXT, partnerId: TEXT, host: TEXT, attempts: NUMBER, ageMs: DURATION_MS },
    'It is in the database that a webhook has arrived, `ageMs` after its verdict was stored.',
  ),
  'message.cancelled': debug(
    { messageId: TEXT, registrationId: TEXT, partnerId: TEXT },
    'The partner cancelled a registration whose webhook was waiting to be sent.',
  ),
  'message.exhausted': warn(
    {
      messageId: TEXT,
      registrationId: TEXT,
      partnerId: TEXT,
      host: TEXT,
      attempts: NUMBER,
      end: field<'exhausted' | 'gone'>('text'),
      httpStatus: orNull(NUMBER),
      error: orNull(TEXT),
    },
    'A webhook is given up: its last attempt failed, or the receiver answered 410. `error` is as the console shows it. Tell the partner; when the receiver works again, resend it, or let the partner do so.',
  ),
  'delivery.attempted': info(
    {
      messageId: TEXT,
      partnerId: TEXT,
      host: TEXT,
      attempt: NUMBER,
      origin: field<AttemptOrigin>('text'),
      outcome: TEXT,
      ...ANSWER,
      lagMs: DURATION_MS,
      durationMs: DURATION_MS,
    },
    'The service sent a webhook, or tried to, `lagMs` after it was due. `origin` says what brought the attempt: `first`, `retry` or `resend`. Where no answer came, `error` and `detail` say why.',
  ),
  'callback.failing': warn(
    CALLBACK,
    'Every attempt at a callback URL has failed `since` then: ten at least, over an hour or more. `error` is how the last one failed. Its webhooks are tried on by the schedule. See [callback.failing](operations.md#callbackfailing).',
  ),
  'callback.disabled': warn(
    CALLBACK,
    'Every attempt at a callback URL has failed for five days, so its webhooks are held: each until `RETENTION` after its result, when it is erased. Tell the partner. See [callback.disabled](operations.md#callbackdisabled).',
  ),
  'callback.recovered': info(CALLBACK, 'A callback URL that `callback.failing` told of answers with 2xx again.'),
  'callback.enabled': info(
    CALLBACK,
    'A callback URL that was disabled is enabled: it was registered again, resent to or tested well, or an operator has said so. What was held goes out.',
  ),
  'callback_notice.attempted': info(
    {
      messageId: TEXT,
      partnerId: TEXT,
      host: TEXT,
      toHost: TEXT,
      attempt: orNull(NUMBER),
      outcome: TEXT,
      ...ANSWER,
      durationMs: DURATION_MS,
    },
    'The service told a partner, or tried to, of callback URLs, of which the first is at `host`: that it is disabled, by a webhook to a URL at `toHost` that works, five times within an hour; or, with `attempt` null, that they fail, are held, or do so no more, at its contact at `toHost`.',
  ),
  'callback_notice.done': info({ count: NUMBER }, '`count` of these were tried, and none is due now.'),
  'callback_notice.failed': failed(
    'Partners could not be told of callback URLs that are disabled or fail, because of the database or a signing secret; the service tries again within a minute or two.',
  ),
  'delivery.settle_delayed': warn(
    { error: ERROR, outcomes: NUMBER },
    'The database cannot be written, or another session keeps what is to be changed locked (55P03, 57014: `doctor --only locks` names it). The service keeps the attempts in memory and tries again, every 5 s at most.',
  ),
  'delivery.settle_failed': failed(
    'One attempt could not be recorded; the service sends its webhook again when the lease has run out. This is a bug: please report it.',
  ),
  'delivery.failed': error(
    { error: ERROR, partnerId: TEXT },
    'One attempt failed within the service, which sends the webhook again when the lease has run out. This is a bug: please report it.',
  ),
  'delivery.round_failed': failed(
    'The service could not claim webhooks, usually because of the database; it tries again each second. Reported at once, and then once a minute. See [disk full](operations.md#disk-full-or-read-only).',
  ),
} as const satisfies Record<string, EventEntry>
