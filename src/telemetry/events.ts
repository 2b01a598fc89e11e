import type { AccountFault, Answer } from '../core/answer.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** What a field holds: `kind` for the docs, the type for the compiler. */
export interface Field<Value = unknown> {
  readonly kind: string
  readonly value?: Value
}

const field = <Value>(kind: string): Field<Value> => ({ kind })
const orNull = <Value>({ kind }: Field<Value>): Field<Value | null> => ({ kind: `${kind} or null` })

const TEXT = field<string>('text')
const NUMBER = field<number>('number')
const DURATION_MS = field<number>('ms')
const EPOCH_MS = field<number>('epoch ms')
const ISO_TIME = field<string>('time')
const ERROR = field<unknown>('error')

/** Every log line has these already. */
type Reserved = 'event' | 'level' | 'time' | 'version'

interface EventEntry {
  readonly level: Level
  readonly fields: Readonly<Record<string, Field>> & { readonly [Name in Reserved]?: never }
  /** What it means and what to do, in one sentence, for docs/events.md. */
  readonly meaning: string
}

/**
 * Everything the service tells its operators: the log writes one line for each. An event happens once and is named
 * `noun.verb`; a field is never a secret, a verdict, a whole serial or a URL.
 */
export const EVENTS = {
  'service.started': {
    level: 'info',
    fields: { url: TEXT },
    meaning: 'The service has started and takes requests at `url`.',
  },
  'service.stopping': {
    level: 'info',
    fields: { signal: TEXT },
    meaning: 'A signal came: nothing more is claimed, and what is in flight is finished, within 10 s.',
  },
  'service.stopped': { level: 'info', fields: {}, meaning: 'The service has stopped; the process exits with 0.' },
  'service.stop_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'Stopping failed; the process exits with 1, and what was in flight is repeated after the next start.',
  },
  'process.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'An error that nobody caught; the process exits with 1. A bug: please report it.',
  },
  'telemetry.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'A listener of these events threw; told once for each listener. A bug: please report it.',
  },
  'admin.closed': {
    level: 'info',
    fields: { reason: TEXT },
    meaning: 'There is no admin API: `ADMIN_TOKEN` is not set, so `/v1/admin` answers 404.',
  },
  'master_key.created': {
    level: 'warn',
    fields: { path: TEXT, advice: TEXT },
    meaning: 'A master key was made beside the database: copy it to a safe place, apart from the database.',
  },
  'database.broken': {
    level: 'error',
    fields: { error: ERROR, advice: TEXT },
    meaning:
      'The database file can no longer be trusted (I/O error, corruption), or its thread has ended by itself; the process exits with 1. Check the disk and the memory, then start again.',
  },
  'heartbeat.delayed': {
    level: 'debug',
    fields: { message: TEXT },
    meaning: 'A heartbeat came late, because the process or the machine was busy; harmless.',
  },
  'heartbeat.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'A heartbeat failed; the next one comes a second later. A bug: please report it.',
  },

  'request.answered': {
    level: 'info',
    fields: {
      ...{ method: TEXT, route: TEXT, status: NUMBER, durationMs: DURATION_MS },
      ...{ partnerId: orNull(TEXT), requestId: TEXT },
    },
    meaning: 'A request was answered; `route` is the pattern of its path.',
  },
  'probe.answered': {
    level: 'debug',
    fields: {
      ...{ method: TEXT, route: TEXT, status: NUMBER, durationMs: DURATION_MS },
      ...{ partnerId: orNull(TEXT), requestId: TEXT },
    },
    meaning: 'A health probe was answered; one that failed is an `request.answered`.',
  },
  'request.failed': {
    level: 'error',
    fields: { route: TEXT, requestId: TEXT, error: ERROR },
    meaning: 'A request was answered 500. A bug: please report it.',
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
      "A partner registers serials in sequence, or mostly unknown ones, and may be trying out other people's; until `slowedUntil` it may call once a second.",
  },
  'keys.use_not_recorded': {
    level: 'warn',
    fields: { error: ERROR },
    meaning: 'When API keys were last used could not be written; harmless.',
  },

  'poll.answered': {
    level: 'debug',
    fields: { verificationId: NUMBER, kind: field<Answer['kind']>('text'), code: orNull(NUMBER) },
    meaning: 'GetResult answered a call, or did not; `kind` is how the answer was understood.',
  },
  'account.paused': {
    level: 'warn',
    fields: {
      ...{ accountId: TEXT, reason: field<AccountFault | 'operator'>('text'), code: NUMBER },
      ...{ probes: NUMBER, probeAt: EPOCH_MS },
    },
    meaning:
      'GetResult refuses the account, which is not asked again before `probeAt`; told again for each canary call that fails. What to do is in operations.md.',
  },
  'account.resumed': {
    level: 'warn',
    fields: { accountId: TEXT, rampRate: NUMBER, rampAt: EPOCH_MS },
    meaning: 'GetResult accepts the account again; its rate begins at `rampRate` calls a second.',
  },
  'account.throttled': {
    level: 'warn',
    fields: { accountId: TEXT, rampRate: NUMBER, rampAt: EPOCH_MS, allowedAt: EPOCH_MS },
    meaning: 'GetResult asked for fewer calls; the rate falls to `rampRate` calls a second and grows again.',
  },
  'upstream.unknown_status': {
    level: 'warn',
    fields: { accountId: TEXT, status: TEXT },
    meaning:
      'GetResult answered a status that is in no table, told once for each: find out what it means. Polling goes on.',
  },
  'upstream.unknown_code': {
    level: 'warn',
    fields: { accountId: TEXT, code: orNull(NUMBER) },
    meaning:
      'GetResult answered a code that is in no table, told once for each: find out what it means. Polling goes on.',
  },
  'poll.learning_restarted': {
    level: 'info',
    fields: { accountId: TEXT },
    meaning:
      "An account's checks are completed at other ages than before; polls go by the rule until 200 more have finished (polling.md).",
  },
  'poll.not_learned': {
    level: 'warn',
    fields: { error: ERROR },
    meaning: 'When checks were completed could not be read or written; harmless.',
  },
  'poll.settle_delayed': {
    level: 'warn',
    fields: { error: ERROR, outcomes: NUMBER },
    meaning:
      'The database cannot be written; answers are kept in memory and written as soon as that is possible, tried each second.',
  },
  'poll.settle_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'One answer could not be written; its serial is asked about again when its lease runs out. A bug: please report it.',
  },
  'poll.failed': {
    level: 'error',
    fields: { error: ERROR, verificationId: NUMBER },
    meaning: 'One poll failed; its serial is asked about again when its lease runs out. A bug: please report it.',
  },
  'poll.round_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'No serials could be claimed, usually because of the database; tried again within a second.',
  },

  'delivery.attempted': {
    level: 'info',
    fields: {
      ...{ messageId: TEXT, partnerId: TEXT, host: TEXT, attempt: NUMBER, outcome: TEXT },
      ...{ httpStatus: orNull(NUMBER), error: orNull(TEXT), detail: orNull(TEXT), durationMs: DURATION_MS },
    },
    meaning: 'A webhook was sent, or could not be; where no answer came, `error` and `detail` say why.',
  },
  'message.unreadable': {
    level: 'error',
    fields: { registrationId: TEXT, advice: TEXT },
    meaning:
      'The stored webhook of a registration cannot be decrypted and is held; the others go on. Restore its row from a backup, then resend it.',
  },
  'delivery.settle_delayed': {
    level: 'warn',
    fields: { error: ERROR, outcomes: NUMBER },
    meaning:
      'The database cannot be written; attempts are kept in memory and written as soon as that is possible, tried each second.',
  },
  'delivery.settle_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning:
      'One attempt could not be written; its webhook is sent again when its lease runs out. A bug: please report it.',
  },
  'delivery.failed': {
    level: 'error',
    fields: { error: ERROR, partnerId: TEXT },
    meaning:
      'One attempt failed within the service; its webhook is sent again when its lease runs out. A bug: please report it.',
  },
  'delivery.round_failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'No webhooks could be claimed, usually because of the database; tried again within a second.',
  },

  'retention.done': {
    level: 'info',
    fields: { count: NUMBER },
    meaning: '`count` registrations were older than `RETENTION` and have been erased.',
  },
  'retention.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'Old registrations could not be erased; tried again within a minute.',
  },
  'resend.done': {
    level: 'info',
    fields: { count: NUMBER },
    meaning: 'A bulk resend has made `count` webhooks due again.',
  },
  'resend.failed': {
    level: 'error',
    fields: { error: ERROR },
    meaning: 'A bulk resend could not go on; tried again within a minute.',
  },
} as const satisfies Record<string, EventEntry>
