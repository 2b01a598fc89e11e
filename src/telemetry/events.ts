import { DELIVERY_EVENTS } from './delivery-events.ts'
import { DURATION_MS, ERROR, type EventEntry, field, ISO_TIME, NUMBER, orNull, TEXT } from './event-fields.ts'
import { OPERATOR_EVENTS } from './operator-events.ts'
import { POLLING_EVENTS } from './polling-events.ts'
import { TRACES_EVENTS } from './traces-events.ts'

const ANSWERED = {
  ...{ method: TEXT, route: TEXT, status: NUMBER, durationMs: DURATION_MS },
  ...{ partnerId: orNull(TEXT), requestId: TEXT },
}

/**
 * Every event that the service emits. A name is `noun.verb`: what happened to whom. A field never holds a secret, a verdict, a
 * whole serial or a partner's URL.
 */
export const EVENTS = {
  /** The one name without a noun: scripts that start the service wait for it. */
  listening: {
    level: 'info',
    fields: { url: TEXT, database: TEXT, account: TEXT, roles: TEXT },
    meaning:
      'The service has started and takes requests at `url`. It works on the file `database` with the APIID `account` (`IHUYI_ACCOUNT`), and does what `roles` says (`ROLES`).',
  },
  'service.stopping': {
    level: 'info',
    fields: { signal: TEXT },
    meaning:
      'A signal came. The service claims nothing more and finishes what is in flight, for 10 s at most; then it breaks off the rest and gives it back. Meanwhile `/readyz` and all calls are answered 503.',
  },
  'service.stopped': { level: 'info', fields: {}, meaning: 'The service has stopped; the process exits with 0.' },
  'service.stop_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'Stopping failed, or was not over within 12 s because the database does not answer; the process exits with 1. Calls and webhooks that were in flight are repeated when their leases have run out.',
  },
  'process.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'Nobody caught this error; the process exits with 1. This is a bug: please report it.',
  },
  'telemetry.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'A listener of these events threw an error; reported once for each listener. This is a bug: please report it.',
  },
  'admin.closed': {
    level: 'info',
    fields: { reason: TEXT },
    meaning: '`ADMIN_TOKEN` is not set: `/v1/admin` answers 404, but to tokens that `admin-token create` has made.',
  },
  'audit.recorded': {
    level: 'info',
    fields: {
      who: TEXT,
      name: TEXT,
      act: TEXT,
      object: orNull(TEXT),
      outcome: field<'begun' | 'done' | 'refused' | 'failed'>('text'),
    },
    meaning:
      'An operator did `act` to `object`, or tried to: `who` is the id of a token and `name` its name; or `command`, and the user of the machine, which is told within 10 s, or at the next start. Of a command that has not ended `outcome` is `begun`, and its end follows. `GET /v1/admin/audit` has this with the reason, for a year.',
  },
  'audit.refusals_left_out': {
    level: 'warn',
    fields: { who: TEXT, name: TEXT, act: TEXT },
    meaning:
      'The token `who` of `name` was refused, `act` at last, more often than the audit takes: 20 refusals of a token at once, and one a minute. The rest are counted only (`idface_http_requests_total`); told once an hour. Ask whoever uses it, or revoke it: `admin-token revoke`.',
  },
  'setting.relaxed': {
    level: 'warn',
    fields: { setting: TEXT, effect: TEXT },
    meaning:
      '`setting` opens what is closed by default, or has what is registered end or erased early; told at every start. Right for trying out, rarely in production.',
  },
  'debugger.refused': {
    level: 'warn',
    fields: { signal: TEXT },
    meaning:
      'Somebody sent the signal at which Node opens its debugger, which would show all secrets. Nothing was opened. Find out who may send signals to the service.',
  },
  'admin.login_failed': {
    level: 'warn',
    fields: { address: TEXT },
    meaning:
      'Somebody at `address` called `/v1/admin` with a wrong token; told of 20 such calls at once and of one a minute, all are in `idface_http_requests_total`. After 50 of them from a network, more than one a second are answered 429; a right token always works. If you know nothing of it, keep the admin API from that network. If `address` is your reverse proxy, name it in `TRUST_PROXY`: otherwise all callers count as one.',
  },
  'master_key.created': {
    level: 'warn',
    fields: { path: TEXT, advice: TEXT },
    meaning: 'The service made a master key beside the database. Copy it to a safe place, apart from the database.',
  },
  'database.created': {
    level: 'warn',
    fields: { path: TEXT, advice: TEXT },
    meaning:
      'There was no database at `path`, or an empty one, so the service made its tables. Expected at the first start only: if you expected an existing database, stop the service, and look whether the volume is mounted and the working folder right, or, with PostgreSQL, whether `DATABASE_URL` names the right one.',
  },
  'database.migrating': {
    level: 'info',
    fields: { bytes: NUMBER },
    meaning:
      'The database has the schema of an older version and gets the current one, which may take minutes if it is large. Do not end the service meanwhile; if it ends all the same, nothing is lost and the next start begins anew.',
  },
  'database.migrated': {
    level: 'info',
    fields: { durationMs: DURATION_MS },
    meaning: 'The database has the current schema. An older version of the service no longer opens it.',
  },
  'database.checking': {
    level: 'warn',
    fields: { bytes: NUMBER },
    meaning:
      'The database was not closed the last time (a kill, a power cut), or was found damaged. So it is looked through for damage before the service starts, some 6 s a gigabyte.',
  },
  'database.broken': {
    level: 'error',
    fields: { error: ERROR, advice: TEXT },
    meaning:
      'The database can no longer be trusted (a failed sync or checkpoint, corruption, its file or its log removed or replaced), a later version has changed its schema, or its thread has ended by itself; nothing more is acknowledged, and the process exits with 1. Check the disk and the memory, then start again. With `SQLITE_CORRUPT` or `SQLITE_NOTADB` the file itself is damaged: first read *A damaged database* in operations.md; the next start looks through the file and refuses it while it is damaged.',
  },
  'deliveries.held': {
    level: 'warn',
    fields: { since: ISO_TIME, advice: TEXT },
    meaning:
      'No webhook is sent, since `since`, because of `serve --hold`, `restore --hold` or `deliveries hold`; told at every start too. All else goes on, and nothing is lost. To end it, run `idface-notifier deliveries resume`: see [backup and restore](operations.md#backup-and-restore).',
  },
  'deliveries.resumed': {
    level: 'info',
    fields: {},
    meaning: 'Webhooks are sent again: somebody ran `deliveries resume`.',
  },
  'backup.done': {
    level: 'info',
    fields: { at: ISO_TIME, bytes: NUMBER },
    meaning: 'A backup has been made and checked; it is of the moment `at`.',
  },
  'backup.failed': {
    level: 'error',
    fields: { at: ISO_TIME, reason: TEXT },
    meaning:
      'A backup that began or ended at `at` has failed, and nothing of it is left. The command has told what to do (look into the mail or the log of whatever runs it); `reason` is the kind of problem. Told within some seconds, and at a start where no good one has been made since: see [backup and restore](operations.md#backup-and-restore).',
  },
  'value.unreadable': {
    level: 'error',
    fields: { table: TEXT, id: TEXT, advice: TEXT },
    meaning:
      'A stored value cannot be decrypted: its row (`table`, `id`; a message has the id of its registration) is damaged, or its key is not there. Reported once for each after a start; everything else goes on. Follow `advice`: see [an unreadable value](operations.md#an-unreadable-value).',
  },
  'clock.stepped': {
    level: 'warn',
    fields: { stepMs: NUMBER },
    meaning:
      "The system's clock, or that of the PostgreSQL server, was set forward, or back where `stepMs` is negative, or the machine has slept. After a step back, what waits is due earlier (`due_times.done`). Find out why: receivers refuse webhooks whose time is minutes off.",
  },
  'due_times.done': {
    level: 'info',
    fields: { count: NUMBER },
    meaning:
      'The clock was set back, now or before this start, and `count` serials and webhooks were due later than any pause lasts: they are due now.',
  },
  'due_times.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'After the clock was set back, or at a start, due times could not be put right: what waits may come late by as much. The next start tries again; nothing is lost.',
  },

  'request.answered': {
    level: 'info',
    fields: ANSWERED,
    meaning: 'The API answered a request; `route` is the pattern of its path.',
  },
  'stranger.refused': {
    level: 'debug',
    fields: ANSWERED,
    meaning: 'The API answered 401, 404 or 429 to a call without a valid key or token.',
  },
  'strangers.refused': {
    level: 'info',
    fields: { status: NUMBER, count: NUMBER },
    meaning: 'So many calls without a valid key or token were answered `status` in the last minute.',
  },
  'probe.answered': {
    level: 'debug',
    fields: ANSWERED,
    meaning: 'The API answered a health probe. A probe that fails is a `request.answered` instead.',
  },
  'request.failed': {
    level: 'error',
    fields: { route: TEXT, requestId: TEXT, error: ERROR },
    meaning: 'The API answered 500. This is a bug: please report it.',
  },
  'registration.answered': {
    level: 'debug',
    fields: {
      ...{ partnerId: TEXT, registrationId: orNull(TEXT) },
      answer: field<'created' | 'same' | 'conflict' | 'refused'>('text'),
    },
    meaning:
      "The API answered one registration, by itself or in a batch. `conflict`: the serial is another partner's, or has as many registrations as may be; `refused`: it is invalid, or over a quota.",
  },
  'callback.refused': {
    level: 'info',
    fields: { refusal: TEXT },
    meaning: 'A registration named a callback URL that may not be called; `refusal` is the rule that forbids it.',
  },
  'partner.suspected': {
    level: 'warn',
    fields: {
      partnerId: TEXT,
      sign: field<'serials_in_sequence' | 'serials_unknown'>('text'),
      slowedUntil: orNull(ISO_TIME),
    },
    meaning:
      "A partner registers serials in sequence, or mostly unknown ones, and may be trying out other people's. Until `slowedUntil` it may call once a second; null means that it is not slowed down.",
  },
  'history.failed': {
    level: 'warn',
    fields: { error: ERROR },
    meaning:
      'The service could not write what it had counted in a minute. It keeps the counts of an hour and tries again after the next minute. Harmless, unless the database cannot be written at all.',
  },
  'keys.use_not_recorded': {
    level: 'warn',
    fields: { error: ERROR },
    meaning: 'The service could not record when API keys were last used. Harmless.',
  },

  ...POLLING_EVENTS,
  ...TRACES_EVENTS,

  'message.delivered': {
    level: 'debug',
    fields: {
      ...{ messageId: TEXT, registrationId: TEXT, partnerId: TEXT, host: TEXT, attempts: NUMBER },
      ageMs: DURATION_MS,
    },
    meaning: 'It is in the database that a webhook has arrived, `ageMs` after its verdict was stored.',
  },
  'message.cancelled': {
    level: 'debug',
    fields: { messageId: TEXT, registrationId: TEXT, partnerId: TEXT },
    meaning: 'The partner cancelled a registration whose webhook was waiting to be sent.',
  },
  ...DELIVERY_EVENTS,
  ...OPERATOR_EVENTS,

  'retention.done': {
    level: 'info',
    fields: { count: NUMBER },
    meaning: 'The service erased `count` registrations that had ended longer than `RETENTION` ago.',
  },
  'retention.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'Old registrations could not be erased; the service tries again within a minute.',
  },
  'resend.done': {
    level: 'info',
    fields: { count: NUMBER },
    meaning: 'A bulk resend made `count` webhooks due again.',
  },
  'bulk.done': {
    level: 'info',
    fields: { count: NUMBER },
    meaning:
      'Bulk acts of operators were done to `count` registrations, and now nothing is left, or they wait for a probe. `GET /v1/admin/bulk` has each of them.',
  },
  'bulk.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'A bulk act of an operator stopped half way, or what is left of them could not be looked up; the service goes on within a second. Reported at once, and then once a minute while it lasts.',
  },
  'resend.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'A bulk resend stopped half way; the service goes on with it within a minute.',
  },
} as const satisfies Record<string, EventEntry>
