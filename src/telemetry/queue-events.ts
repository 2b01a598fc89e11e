import type { AccountFault, Answer, TransientCause } from '../core/answer.ts'
import type { AttemptOrigin } from '../core/message.ts'
import type { Reason } from '../core/verification.ts'
import {
  BOOLEAN,
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
    'A poll has ended. `kind` is the class of the answer, and `cause` the reason why there was no usable one. `account` is the APIID.',
  ),
  'verdict.found': debug(
    { account: TEXT, status: field<'succeeded' | 'failed'>('text'), registrations: NUMBER, lagMs: orNull(DURATION_MS) },
    'A verdict is in the database, with the end of the `registrations` that waited for it. It came within `lagMs`, the time since the last poll that showed the check open; null: this was the first poll. The event names no serial and no partner.',
  ),
  'verdict.received': debug(
    { partnerId: TEXT, status: field<'succeeded' | 'failed'>('text') },
    'A registration of the partner has ended with a verdict. The event names no serial and no registration.',
  ),
  'registration.ended': debug(
    {
      registrationId: TEXT,
      partnerId: TEXT,
      end: field<'verdict' | 'unresolved' | 'cancelled'>('text'),
      reason: orNull(field<Reason>('text')),
      ageMs: DURATION_MS,
    },
    'A registration has left `pending`, or was cancelled after its verdict, `ageMs` after it was made. `reason` says why it ended without a verdict.',
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
    'GetResult has refused the account since `since` (`account` is its APIID), so the service does not poll with it before `probeAt`; reported again for each canary call that fails. See [a paused account](operations.md#a-paused-account) and, for `code`, [codes of GetResult](operations.md#codes-of-getresult).',
  ),
  'account.resumed': warn(
    { accountId: TEXT, account: TEXT, rampRate: NUMBER, rampAt: ISO_TIME },
    'GetResult accepts the account again. Its rate starts at `rampRate` calls a second and grows. If an operator has resumed it, `audit.recorded` says so instead.',
  ),
  'account.throttled': warn(
    { accountId: TEXT, account: TEXT, rampRate: NUMBER, rampAt: ISO_TIME, allowedAt: ISO_TIME },
    'GetResult asked for fewer calls. The rate falls to `rampRate` calls a second and grows again.',
  ),
  'upstream.unreachable': warn(
    { accountId: TEXT, account: TEXT, error: TEXT, since: ISO_TIME },
    'Polls fail in a row without an answer of GetResult; reported once an outage, with the last `error`. Nothing is lost, and no registration expires. Until there is an answer, the service makes one call at a time, and after a failed one the next within 10 s. See [an outage of GetResult](operations.md#an-outage-of-getresult).',
  ),
  'upstream.back': warn(
    { accountId: TEXT, account: TEXT },
    'GetResult answers again. Overdue serials are polled at the rate of the account.',
  ),
  'upstream.unknown_status': warn(
    { accountId: TEXT, status: TEXT },
    'GetResult answered an undocumented status; reported once for each. Find out what it means; polling goes on.',
  ),
  'upstream.unknown_code': warn(
    { accountId: TEXT, code: orNull(NUMBER) },
    'GetResult answered an undocumented code; reported once for each. Find out what it means; polling goes on. See [codes of GetResult](operations.md#codes-of-getresult).',
  ),
  'poll.settle_delayed': warn(
    { error: ERROR, outcomes: NUMBER },
    'The database cannot be written, or another session locks the rows (55P03, 57014: `doctor --only locks` names it). The service keeps the answers in memory and tries again, every 5 s at most.',
  ),
  'poll.settle_failed': failed(
    'One answer could not be recorded; the service polls its serial again when the lease has run out. This is a bug: please report it.',
  ),
  'poll.failed': error(
    { error: ERROR, verificationId: NUMBER },
    'One poll failed within the service, which polls the serial again when the lease has run out. This is a bug: please report it.',
  ),
  'poll.round_failed': failed(
    'The service could not claim serials, usually because of the database; it tries again each second. Reported at once, and then once a minute. See [disk full](operations.md#disk-full-or-read-only).',
  ),
  'message.delivered': debug(
    {
      messageId: TEXT,
      registrationId: TEXT,
      partnerId: TEXT,
      host: TEXT,
      attempts: NUMBER,
      resent: BOOLEAN,
      ageMs: DURATION_MS,
    },
    'The database has recorded that a webhook was delivered, `ageMs` after its verdict was stored; `resent`: after somebody had it sent again.',
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
      resent: BOOLEAN,
      end: field<'exhausted' | 'gone'>('text'),
      httpStatus: orNull(NUMBER),
      error: orNull(TEXT),
    },
    'A webhook is given up: its last attempt failed, or the receiver answered 410. The console shows the same `error`. Tell the partner; when the receiver works again, resend it, or let the partner do so.',
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
    'The service sent a webhook, or tried to, `lagMs` after it was due. `origin` is the kind of attempt: `first`, `retry` or `resend`. If no answer came, `error` and `detail` say why.',
  ),
  'callback.failing': warn(
    CALLBACK,
    'Every attempt at a callback URL has failed since `since`: ten at least, over an hour or more. `error` is the last failure. Its webhooks are still retried by the schedule. See [callback.failing](operations.md#callbackfailing).',
  ),
  'callback.disabled': warn(
    CALLBACK,
    'Every attempt at a callback URL has failed for five days, so its webhooks are held; each is erased `RETENTION` after its result. Tell the partner. See [callback.disabled](operations.md#callbackdisabled).',
  ),
  'callback.recovered': info(
    CALLBACK,
    'A callback URL that was reported by `callback.failing` answers with 2xx again.',
  ),
  'callback.enabled': info(
    CALLBACK,
    'A disabled callback URL is enabled: it was registered again, a resent webhook or a test was answered with 2xx, or an operator enabled it. Its held webhooks are sent.',
  ),
  'callback_notice.attempted': info(
    {
      messageId: TEXT,
      partnerId: TEXT,
      host: TEXT,
      toHost: TEXT,
      outcome: TEXT,
      ...ANSWER,
      durationMs: DURATION_MS,
    },
    'The service notified the contact of a partner, at `toHost`, or tried to: callback URLs, the first at `host`, fail or are held, or no longer are.',
  ),
  'callback_notice.done': info({ count: NUMBER }, '`count` of these notices were tried, and none is due now.'),
  'callback_notice.failed': failed(
    'Partners could not be notified of callback URLs that are disabled or fail, because of the database or a signing secret; the service tries again within a minute or two.',
  ),
  'delivery.settle_delayed': warn(
    { error: ERROR, outcomes: NUMBER },
    'The database cannot be written, or another session locks the rows (55P03, 57014: `doctor --only locks` names it). The service keeps the attempts in memory and tries again, every 5 s at most.',
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
