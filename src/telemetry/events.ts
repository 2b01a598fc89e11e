import type { AlertState } from '../core/alert.ts'
import type { OperatorChannel } from '../core/operator-channel.ts'
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
import { QUEUE_EVENTS } from './queue-events.ts'

const ANSWERED = {
  method: TEXT,
  route: TEXT,
  status: NUMBER,
  durationMs: DURATION_MS,
  partnerId: orNull(TEXT),
  requestId: TEXT,
}
const CHANNEL = field<OperatorChannel>('text')

/**
 * Every event that the service emits, named `noun.verb`. A field never holds a secret, a verdict, a whole serial or a
 * partner's URL.
 */
export const EVENTS = {
  /** The only name without a noun: scripts that start the service wait for it. */
  listening: info(
    { url: TEXT, database: TEXT, account: TEXT, roles: TEXT },
    'The service has started and takes requests at `url`. It works on the database `database` with the APIID `account` (`IHUYI_ACCOUNT`), in the roles `roles` (`ROLES`).',
  ),
  'service.stopping': info(
    { signal: TEXT },
    'A signal came. The service claims nothing more and finishes the calls and attempts in flight, for 10 s at most. Then it breaks off the rest: webhooks are due again at once, and serials when their leases have run out. Meanwhile `/readyz` and all calls are answered 503.',
  ),
  'service.stopped': info({}, 'The service has stopped; the process exits with 0.'),
  'service.stop_failed': failed(
    'Stopping failed, or was not over within 12 s because the database does not answer; the process exits with 1. Calls and webhooks that were in flight are repeated when their leases have run out.',
  ),
  'process.failed': failed('An error was not caught; the process exits with 1. This is a bug: please report it.'),
  'telemetry.failed': failed(
    'A listener of these events threw an error; reported once for each listener. This is a bug: please report it.',
  ),
  'admin.closed': info(
    { reason: TEXT },
    '`ADMIN_TOKEN` is not set: `/console` and `/v1/admin` answer 404, except to tokens made by `admin-token create`.',
  ),
  'setting.doubted': warn(
    { setting: TEXT, reason: TEXT },
    'A setting is valid, but probably a mistake: `RETENTION` under a day, `REGISTRATION_TTL` under a minute, a short `METRICS_TOKEN`, the secret of a webhook for a robot, or `OPERATOR_DAILY` without `OPERATOR_URL`. Reported at the start; `doctor` warns of the same.',
  ),
  'audit.recorded': info(
    {
      who: TEXT,
      name: TEXT,
      act: TEXT,
      object: orNull(TEXT),
      outcome: field<'done' | 'refused' | 'failed'>('text'),
    },
    'An operator did `act` to `object` by the admin API, or tried to. `who` is the id of the token and `name` its name. `GET /v1/admin/audit` has this with the reason, and the acts of commands too, for a year.',
  ),
  'debugger.refused': warn(
    { signal: TEXT },
    'A process sent the signal at which Node opens its debugger, which would show all secrets. Nothing was opened. Find out who may send signals to the service.',
  ),
  'admin.login_failed': warn(
    { address: TEXT },
    'A caller at `address` used `/v1/admin` with a wrong token. 20 such calls are reported at once, then one a minute; `idface_http_requests_total` counts all. After 50 of them from a network, calls with a wrong token above one a second are answered 429; a right token always works. If you do not know the caller, close the admin API to that network. If `address` is your reverse proxy, name it in `TRUST_PROXY`: otherwise all callers count as one.',
  ),
  'master_key.created': warn(
    { path: TEXT, advice: TEXT },
    'The service made a master key beside the database. Copy it to a safe place, apart from the database.',
  ),
  'database.created': warn(
    { path: TEXT, advice: TEXT },
    'There was no database at `path`, or an empty one, so the service made its tables. This is normal at the first start only. If you expected an existing database, stop the service, and check whether the volume is mounted and the working folder is right, or, with PostgreSQL, whether `DATABASE_URL` names the right one.',
  ),
  'database.migrating': info(
    { bytes: NUMBER },
    'The database has the schema of an older version and gets the current one, which may take minutes if it is large. Do not end the service meanwhile. If it ends nevertheless, nothing is lost, and the next start begins again.',
  ),
  'database.migrated': info(
    { durationMs: DURATION_MS },
    'The database has the current schema. An older version of the service no longer opens it.',
  ),
  'database.checking': warn(
    { bytes: NUMBER },
    'The database was not closed the last time (a kill, a power cut), or was found damaged. So it is checked for damage before the service starts, some 6 s a gigabyte.',
  ),
  'database.broken': error(
    { error: ERROR, advice: TEXT },
    'The database can no longer be trusted (a failed sync or checkpoint, corruption, its file or its log removed or replaced), a later version has changed its schema, or its thread has ended by itself. Nothing more is acknowledged, and the process exits with 1. Check the disk and the memory, then start again. With `SQLITE_CORRUPT` or `SQLITE_NOTADB` the file itself is damaged: first read *A damaged database* in operations.md. The next start checks the file, and refuses it while it is damaged.',
  ),
  'deliveries.held': warn(
    { since: ISO_TIME, advice: TEXT },
    'No webhook has been sent since `since`, because of `restore --hold` or `deliveries hold`; reported at every start too. All else goes on, and nothing is lost. To end it, run `idface-notifier deliveries resume`: see [backup and restore](backup.md).',
  ),
  'deliveries.resumed': info({}, 'Webhooks are sent again: an operator ran `deliveries resume`.'),
  'backup.done': info({ at: ISO_TIME, bytes: NUMBER }, 'A backup has been made and checked; it is of the moment `at`.'),
  'backup.failed': error(
    { at: ISO_TIME, reason: TEXT },
    'A backup that began or ended at `at` has failed, and nothing of it is left. The command has printed the remedy (see the mail or the log of cron); `reason` is the kind of problem. Reported within some seconds, and at a start if no good backup has been made there since: see [backup and restore](backup.md).',
  ),
  'value.unreadable': error(
    { table: TEXT, id: TEXT },
    'A stored value cannot be decrypted: its row (`table`, `id`; a message has the id of its registration) is damaged, or its key is missing. Reported once for each value after a start; everything else goes on. For the effect and the remedy see [an unreadable value](operations.md#an-unreadable-value).',
  ),
  'clock.stepped': warn(
    { stepMs: NUMBER },
    "The system's clock, or that of the PostgreSQL server, was set forward, or back if `stepMs` is negative, or the machine has slept. After a step back, waiting serials and webhooks are due earlier (`due_times.done`). Find the cause: receivers refuse webhooks whose time is minutes off.",
  ),
  'due_times.done': info(
    { count: NUMBER },
    'The clock was set back, now or before this start. `count` serials and webhooks were due later than any delay allows, and are due now.',
  ),
  'due_times.failed': failed(
    'After the clock was set back, or at a start, due times could not be corrected: polls and webhooks may be late by the step of the clock. The next start tries again; nothing is lost.',
  ),
  'request.answered': info(ANSWERED, 'The API answered a request; `route` is the pattern of its path.'),
  'stranger.refused': debug(
    ANSWERED,
    'The API answered 401, 404 or 429 to a call without a valid key or token. Anybody can cause any number of these, so `idface_http_requests_total` counts them, and they are not logged at `info`.',
  ),
  'probe.answered': debug(
    ANSWERED,
    'The API answered a health probe. A probe that fails is a `request.answered` instead.',
  ),
  'request.failed': error(
    { route: TEXT, requestId: TEXT, error: ERROR },
    'The API answered 500. This is a bug: please report it.',
  ),
  'registration.answered': debug(
    {
      partnerId: TEXT,
      registrationId: orNull(TEXT),
      answer: field<'created' | 'same' | 'conflict' | 'refused'>('text'),
    },
    "The API answered one registration, by itself or in a batch. `conflict`: the serial is another partner's, or has the maximum number of registrations; `refused`: it is invalid, or over a quota.",
  ),
  'callback.refused': info(
    { refusal: TEXT },
    'A registration named a callback URL that may not be called; `refusal` is the rule that forbids it.',
  ),
  'partner.suspected': warn(
    { partnerId: TEXT, sign: field<'serials_taken' | 'serials_unknown'>('text'), slowedUntil: orNull(ISO_TIME) },
    'A partner may be enumerating serials: it names many that other partners have registered (`serials_taken`), or mostly ones that GetResult does not know (`serials_unknown`). Another partner may also have registered its serials first. Until `slowedUntil` it may call once a second; null: it is not slowed down.',
  ),
  'retention.done': info(
    { count: NUMBER },
    'The service erased `count` registrations that had ended longer than `RETENTION` ago.',
  ),
  'retention.failed': failed('Old registrations could not be erased; the service tries again within a minute.'),
  'history.done': debug(
    { count: NUMBER },
    'What happened in the last minute was written to the history; `count` is the number of partners, hosts and accounts with anything, and one for all.',
  ),
  'history.failed': failed(
    'The counts of the last minute could not be written to the history, because of the database. The service keeps those of the last 15 minutes, and tries again within seconds; only figures of the console and of `GET /v1/history` depend on them. Reported at once, and then once a minute.',
  ),
  'bulk.done': info(
    { count: NUMBER },
    'Bulk acts of operators, and bulk resends of partners, were done to `count` registrations. Nothing is left to do now, or they wait for a probe. `GET /v1/admin/bulk` has each.',
  ),
  'bulk.failed': failed(
    'A step of a bulk act has failed. That act is `failed`, unless the database did not work; the service goes on within a second. Reported at once, and then once a minute.',
  ),
  'operator.event': warn(
    { type: TEXT, subject: TEXT, state: field<AlertState>('text'), sentence: TEXT, page: orNull(TEXT) },
    'An alert has fired (`firing`) or is over (`resolved`), and `sentence` says it: polls or webhooks are late (`backlog.growing`, `backlog.gone`), the database cannot be written, or does not answer (`store.failing`), the disk is nearly full (`disk.low`), a node is lost (`node.lost`), or a clock is wrong (`clock.wrong`). Checked every 15 s, with `OPERATOR_URL` or without. `page`, with `CONSOLE_URL`: the page of the console that fixes it. Other alerts have events of their own. See [alerts](operations.md#alerts).',
  ),
  'operator_event.ended': debug(
    { type: TEXT, outcome: field<'sent' | 'merged' | 'dropped' | 'failed'>('text') },
    'An event of an alert, or the daily report, was sent in a notice of its own (`sent`), or with others, as a count or in a digest (`merged`); could not be sent this time (`failed`); or will not be sent (`dropped`: there are more than 1,000, or the robot refuses its text).',
  ),
  'operator_channel.failing': warn(
    { channel: CHANNEL, error: TEXT, answer: TEXT },
    'A notice could not be sent to `OPERATOR_URL`. It is kept, and tried again every 15 minutes at most. Reported once until `operator_channel.back`. See [alerts](operations.md#alerts).',
  ),
  'operator_channel.back': warn({ channel: CHANNEL }, '`OPERATOR_URL` accepts notices again.'),
  'operator_channel.off': error(
    { channel: CHANNEL, problem: TEXT, error: TEXT, answer: TEXT, advice: TEXT },
    '`OPERATOR_URL` has refused three notices in a row for a lasting reason (`problem`: `signature`, `key`, `keyword`, `address`). It gets one notice an hour until it accepts one (`operator_channel.back`). The others are kept, and `status`, `doctor` and the check `operator` of `/readyz` say so. Follow `advice`, and try it with `notify-test`; a restart sends at once. See [alerts](operations.md#alerts).',
  ),
  'traces.export_failed': warn(
    { host: TEXT, error: ERROR },
    'The collector at `host` (`OTEL_EXPORTER_OTLP_ENDPOINT`) does not accept spans; reported once, until it accepts them again. Only traces are lost: the service is not slowed down. See [traces](operations.md#traces).',
  ),
  'traces.export_recovered': info(
    { host: TEXT, lost: NUMBER },
    'The collector accepts spans again; `lost` of them were refused meanwhile.',
  ),
  ...QUEUE_EVENTS,
} as const satisfies Record<string, EventEntry>
