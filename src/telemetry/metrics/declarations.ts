import { PAUSE_REASONS } from '../../core/account.ts'
import { ATTEMPT_ORIGINS, MESSAGE_ENDS } from '../../core/message.ts'
import { NODE_TRAITS } from '../../core/node.ts'
import { OPERATOR_EVENT_TYPES } from '../../core/operator-event.ts'
import { REASONS } from '../../core/verification.ts'
import { counter, gauge, histogram } from './declaration.ts'
import { ATTEMPT_OUTCOMES, POLL_ANSWERS } from './listener.ts'

const ACCOUNT = { from: 'accounts' } as const
const ROUTE = { from: 'routes' } as const
const THIS_NODE = { from: 'this node' } as const
const QUEUES = ['poll', 'deliver'] as const

const CALL = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30]

/** Counted from the events of this process, since it began. */
export const EVENT_METRICS = {
  registrations: counter('idface_registrations_total', 'Registrations by what the partner was answered.', {
    result: ['created', 'same', 'conflict', 'refused'],
  }),
  polls: counter('idface_polls_total', 'Calls of GetResult by how their answer was understood.', {
    account: ACCOUNT,
    answer: POLL_ANSWERS,
  }),
  pollDuration: histogram('idface_poll_duration_seconds', 'How long calls of GetResult took.', {
    labels: { account: ACCOUNT },
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  }),
  verdicts: counter('idface_verdicts_total', 'Verdicts, each counted once however many wait for it.', {
    status: ['succeeded', 'failed'],
  }),
  unresolved: counter('idface_unresolved_total', 'Registrations that ended without a verdict, by reason.', {
    reason: REASONS,
  }),
  detectionLag: histogram(
    'idface_detection_lag_seconds',
    'Time from the last poll that showed a check open to the one that saw its verdict.',
    { buckets: [0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600] },
  ),
  verdictAge: histogram('idface_verdict_age_seconds', 'Time from a registration to its verdict.', {
    buckets: [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 43_200, 86_400],
  }),
  deliveryLag: histogram('idface_delivery_lag_seconds', 'Time from when a webhook was due until it was sent.', {
    labels: { attempt: ATTEMPT_ORIGINS },
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 240, 300, 600, 900, 1_800, 3_600],
  }),
  notificationDuration: histogram(
    'idface_notification_duration_seconds',
    "Time from when a verdict was stored to the 2xx of the partner's receiver.",
    { buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400] },
  ),
  attempts: counter('idface_attempts_total', 'Attempts to send a webhook, by how they ended.', {
    outcome: ATTEMPT_OUTCOMES,
  }),
  attemptDuration: histogram('idface_attempt_duration_seconds', 'How long attempts to send a webhook took.', {
    buckets: CALL,
  }),
  messages: counter('idface_messages_total', 'Webhooks by how they ended; one that is resent ends again.', {
    end: MESSAGE_ENDS,
  }),
  operatorEvents: counter('idface_operator_events_total', 'What operators had to know, by how they were told of it.', {
    type: OPERATOR_EVENT_TYPES,
    result: ['sent', 'merged', 'dropped', 'failed'],
  }),
  unknownStatuses: counter('idface_unknown_statuses_total', 'Answers of GetResult with a status that is in no table.', {
    account: ACCOUNT,
  }),
  httpRequests: counter('idface_http_requests_total', 'Requests that the API has answered.', {
    route: ROUTE,
    method: ROUTE,
    code: ROUTE,
  }),
  httpRequestDuration: histogram('idface_http_request_duration_seconds', 'How long the API took to answer.', {
    labels: { route: ROUTE, method: ROUTE, code: ROUTE },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60],
  }),
  rateLimited: counter('idface_rate_limited_total', 'Requests answered 429, by whose rate they were over.', {
    by: ['key', 'address'],
  }),
} as const

/** As they are when somebody asks: of the database, all nodes together, and of this process. */
export const READING_METRICS = {
  queueDepth: gauge('idface_queue_depth', 'What waits in a queue; what is due is counted up to 10,000 an account.', {
    queue: QUEUES,
    state: ['due', 'scheduled', 'leased', 'held'],
  }),
  queueOldestDue: gauge('idface_queue_oldest_due_seconds', 'For how long the oldest has been due; 0: nothing is due.', {
    queue: QUEUES,
  }),
  slotsInUse: gauge('idface_slots_in_use', 'Calls of GetResult, and attempts, that are under way in this process.', {
    kind: QUEUES,
  }),
  slotsLimit: gauge('idface_slots_limit', 'How many of them may be under way.', { kind: QUEUES }),
  budgetUsed: gauge(
    'idface_upstream_budget_used_ratio',
    'Share of the rate of an account that this process has used in the last minute.',
    { account: ACCOUNT },
  ),
  upstreamUp: gauge('idface_upstream_up', 'Whether GetResult can be reached: 1 or 0.', { account: ACCOUNT }),
  accountPaused: gauge('idface_account_paused', 'Whether an account is paused for this reason: 1 or 0.', {
    account: ACCOUNT,
    reason: PAUSE_REASONS,
  }),
  clockSkew: gauge(
    'idface_upstream_clock_skew_seconds',
    "How far GetResult's clock is ahead of ours, by the Date of its last answer, to within a second.",
    { account: ACCOUNT },
  ),
  callbacksFailing: gauge(
    'idface_callbacks_failing',
    'Callback URLs that have only failed for an hour and ten attempts at least, and are tried still.',
  ),
  callbacksDisabled: gauge(
    'idface_callbacks_disabled',
    'Callback URLs that were disabled after five days of failures only; their webhooks are held.',
  ),
  bulkRemaining: gauge(
    'idface_bulk_remaining',
    'Messages that bulk resends of partners have still to make due (`resend`), and about how many registrations bulk acts of operators have still to come to (`act`).',
    { kind: ['resend', 'act'] },
  ),
  statsAge: gauge(
    'idface_stats_age_seconds',
    'How old the figures of the database are; more than some seconds: it does not answer.',
  ),
  commitDuration: histogram('idface_commit_duration_seconds', 'How long commits took, with the wait for the disk.', {
    buckets: [],
  }),
  commitBatchSize: histogram('idface_commit_batch_size', 'How many writes a commit of SQLite had.', { buckets: [] }),
  walBytes: gauge('idface_wal_bytes', "Size of SQLite's log."),
  walPinned: gauge('idface_wal_pinned_seconds', "For how long a reader has kept SQLite's log from beginning anew."),
  databaseBytes: gauge('idface_database_bytes', 'Size of the database.'),
  diskFree: gauge('idface_disk_free_bytes', 'What may still be written to the disk of an SQLite file.'),
  pgPool: gauge('idface_pg_pool', 'Connections of this node to PostgreSQL; `waiting`: calls that wait for one.', {
    pool: ['api', 'loops'],
    state: ['in_use', 'idle', 'waiting'],
  }),
  pgDeadRows: gauge(
    'idface_pg_dead_rows',
    'About how many rows of a table of PostgreSQL are dead and not removed yet.',
    { table: ['deliveries', 'lanes', 'registrations', 'verifications'] },
  ),
  pgOldestXmin: gauge(
    'idface_pg_oldest_xmin_seconds',
    'For how long the oldest transaction in PostgreSQL, of whoever, has kept dead rows from being removed; 0: none does.',
  ),
  pgListenUp: gauge(
    'idface_pg_listen_up',
    'Whether this node hears at once of what other nodes do: 1 or 0; otherwise it looks each second.',
  ),
  pgClockSkew: gauge(
    'idface_pg_clock_skew_seconds',
    "How far PostgreSQL's clock, which decides what is due, is ahead of this node's.",
  ),
  storeErrors: counter('idface_store_errors_total', 'Calls of the database that failed, by why.', {
    code: ['busy', 'full', 'io', 'corrupt', 'connection', 'serialization', 'timeout', 'other'],
  }),
  nodesAlive: gauge('idface_nodes_alive', 'How many nodes work on the database.'),
  nodesLost: gauge(
    'idface_nodes_lost',
    'How many nodes have neither shown themselves for 30 s nor ended as they were told to, and whose work no other one was started for.',
  ),
  nodesDiffering: gauge(
    'idface_nodes_differing',
    'How many nodes are not as the one that was started last, by what differs; during an upgrade some are.',
    { trait: NODE_TRAITS },
  ),
  nodeInfo: gauge(
    'idface_node_info',
    'What this node runs; 1. Nodes of one database should differ in nothing of it: neither version, nor settings, nor master key.',
    { version: THIS_NODE, settings: THIS_NODE, key: THIS_NODE },
  ),
  backupLastSuccess: gauge(
    'idface_backup_last_success_timestamp_seconds',
    'Of which moment the newest good backup of an SQLite file is; 0: there is none.',
  ),
} as const

export const METRICS = { ...EVENT_METRICS, ...READING_METRICS }
