import type { AttemptOrigin } from '../core/message.ts'
import { DURATION_MS, ERROR, type EventEntry, field, ISO_TIME, NUMBER, orNull, TEXT } from './event-fields.ts'

const CALLBACK = { partnerId: TEXT, host: TEXT, since: ISO_TIME, error: TEXT, urls: NUMBER }

/** What happens between the service and the callbacks. */
export const DELIVERY_EVENTS = {
  'message.exhausted': {
    level: 'warn',
    fields: {
      ...{ messageId: TEXT, registrationId: TEXT, partnerId: TEXT, host: TEXT, attempts: NUMBER },
      ...{ end: field<'exhausted' | 'gone'>('text'), httpStatus: orNull(NUMBER), error: orNull(TEXT) },
      detail: orNull(TEXT),
    },
    meaning:
      'A webhook is given up: its last attempt failed, or the receiver answered 410. Tell the partner; when the receiver works again, resend it, or let the partner do so.',
  },
  'delivery.attempted': {
    level: 'info',
    fields: {
      ...{ messageId: TEXT, partnerId: TEXT, host: TEXT, attempt: NUMBER, origin: field<AttemptOrigin>('text') },
      ...{ outcome: TEXT, httpStatus: orNull(NUMBER), error: orNull(TEXT) },
      ...{ detail: orNull(TEXT), lagMs: DURATION_MS, durationMs: DURATION_MS },
    },
    meaning:
      'The service sent a webhook, or tried to, `lagMs` after it was due. `origin` says what brought the attempt: `first`, `retry` or `resend`. Where no answer came, `error` and `detail` say why.',
  },
  'callback.failing': {
    level: 'warn',
    fields: CALLBACK,
    meaning:
      'Every attempt at a callback URL has failed `since` then: ten at least, over an hour or more. `error` is how the last one failed. Its webhooks are tried on by the schedule. Told once an hour for a host of a partner; `urls` counts those since the last time. See [callback.failing](operations.md#callbackfailing).',
  },
  'callback.disabled': {
    level: 'warn',
    fields: CALLBACK,
    meaning:
      'Every attempt at a callback URL has failed for five days, so its webhooks are held: each until `RETENTION` after its result, when it is erased. Tell the partner. See [callback.disabled](operations.md#callbackdisabled).',
  },
  'callback.recovered': {
    level: 'info',
    fields: CALLBACK,
    meaning: 'A callback URL that `callback.failing` told of answers with 2xx again.',
  },
  'callback.enabled': {
    level: 'info',
    fields: CALLBACK,
    meaning:
      'A callback URL that was disabled is enabled: it was registered again, resent to or tested well, or an operator has said so. What was held goes out, slowly at first.',
  },
  'callback_notice.attempted': {
    level: 'info',
    fields: {
      ...{ messageId: TEXT, partnerId: TEXT, host: TEXT, toHost: TEXT, attempt: NUMBER },
      ...{
        outcome: TEXT,
        httpStatus: orNull(NUMBER),
        error: orNull(TEXT),
        detail: orNull(TEXT),
        durationMs: DURATION_MS,
      },
    },
    meaning:
      'The service told a partner, or tried to, that a callback URL at `host` is disabled, by a webhook to a URL at `toHost` that works. It tries five times within an hour.',
  },
  'callback_notice.done': {
    level: 'info',
    fields: { count: NUMBER },
    meaning: '`count` of these were tried, and none is due now.',
  },
  'callback_notice.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'Partners could not be told of disabled callback URLs, because of the database or a signing secret; the service tries again within a minute or two.',
  },
  'proxy.failing': {
    level: 'warn',
    fields: { error: TEXT, hosts: NUMBER },
    meaning:
      '`CALLBACK_PROXY` opens no connection: it cannot be reached, refuses us (407, 429), does not speak HTTP, or has failed for all `hosts` tried since it last opened one. Webhooks wait, each is tried again after a minute at most, and none loses a retry. Where `hosts` is 1, that receiver may be down instead. Reported once until `proxy.back`. See [a proxy that fails](operations.md#a-proxy-that-fails).',
  },
  'proxy.back': {
    level: 'warn',
    fields: {},
    meaning: '`CALLBACK_PROXY` opens connections again.',
  },
  'delivery.settle_delayed': {
    level: 'warn',
    fields: { error: ERROR, outcomes: NUMBER },
    meaning:
      'The database cannot be written, or another session keeps what is to be changed locked (55P03, 57014: `doctor --only locks` names it). The service keeps the attempts in memory and tries again, every 5 s at most.',
  },
  'delivery.settle_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'One attempt could not be recorded; the service sends its webhook again when the lease has run out. This is a bug: please report it.',
  },
  'delivery.failed': {
    level: 'error',
    fields: { error: ERROR, partnerId: TEXT },
    meaning:
      'One attempt failed within the service, which sends the webhook again when the lease has run out. This is a bug: please report it.',
  },
  'delivery.round_failed': {
    level: 'error',
    fields: { error: ERROR, failures: NUMBER },
    meaning:
      'The service could not claim webhooks, usually because of the database; it tries again each second. Reported at once, and then once a minute with the `failures` so far. See [disk full](operations.md#disk-full-or-read-only).',
  },
  'delivery.round_recovered': {
    level: 'warn',
    fields: { failures: NUMBER },
    meaning:
      'After `failures` tries the service claims webhooks again: the database can be used. Told with the first claim, or, where nothing is due, once no try has failed for 15 s.',
  },
} as const satisfies Record<string, EventEntry>
