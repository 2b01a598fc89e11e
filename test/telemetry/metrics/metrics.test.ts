import { describe, expect, test, vi } from 'vitest'
import { METRICS } from '../../../src/app/readings.ts'
import { createEmit } from '../../../src/telemetry/emit.ts'
import { readFrom } from '../../../src/telemetry/metrics/declaration.ts'
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts'
import { createFixedClock } from '../../support/fixed-clock.ts'
import { parseMetrics } from '../../support/prometheus.ts'

const HISTOGRAM = 'histogram'
const COUNTER = 'counter'
const GAUGE = 'gauge'

/** Typed here once more: dashboards and alerts of operators name these. */
const TABLE: readonly (readonly [name: string, type: string, labels: Record<string, string>])[] = [
  ['idface_registrations_total', COUNTER, { result: 'created same conflict refused' }],
  [
    'idface_polls_total',
    COUNTER,
    {
      account: '',
      answer: 'pending verdict unknown not_found invalid throttled refused server_error network timeout',
    },
  ],
  ['idface_poll_duration_seconds', HISTOGRAM, { account: '' }],
  ['idface_verdicts_total', COUNTER, { status: 'succeeded failed' }],
  ['idface_unresolved_total', COUNTER, { reason: 'expired not_found gone invalid_id unknown_status' }],
  ['idface_detection_lag_seconds', HISTOGRAM, {}],
  ['idface_verdict_age_seconds', HISTOGRAM, {}],
  ['idface_delivery_lag_seconds', HISTOGRAM, { attempt: 'first retry resend' }],
  ['idface_notification_duration_seconds', HISTOGRAM, {}],
  [
    'idface_attempts_total',
    COUNTER,
    { outcome: 'ok http_3xx http_4xx http_429 http_5xx timeout dns refused tls network blocked' },
  ],
  ['idface_attempt_duration_seconds', HISTOGRAM, {}],
  ['idface_messages_total', COUNTER, { end: 'delivered exhausted cancelled gone' }],
  [
    'idface_operator_events_total',
    COUNTER,
    {
      type: 'account.paused account.resumed upstream.unreachable upstream.back upstream.slow upstream.unknown_status backlog.growing backlog.gone callback.failing callback.disabled message.exhausted node.lost clock.wrong backup.failed backup.stale disk.low store.failing',
      result: 'sent merged dropped failed',
    },
  ],
  ['idface_unknown_statuses_total', COUNTER, { account: '' }],
  ['idface_http_requests_total', COUNTER, { route: '', method: '', code: '' }],
  ['idface_http_request_duration_seconds', HISTOGRAM, { route: '', method: '', code: '' }],
  ['idface_rate_limited_total', COUNTER, { by: 'key address' }],
  ['idface_queue_depth', GAUGE, { queue: 'poll deliver', state: 'due scheduled leased held' }],
  ['idface_queue_oldest_due_seconds', GAUGE, { queue: 'poll deliver' }],
  ['idface_slots_in_use', GAUGE, { kind: 'poll deliver' }],
  ['idface_slots_limit', GAUGE, { kind: 'poll deliver' }],
  ['idface_upstream_budget_used_ratio', GAUGE, { account: '' }],
  ['idface_upstream_up', GAUGE, { account: '' }],
  [
    'idface_account_paused',
    GAUGE,
    {
      account: '',
      reason:
        'egress_ip credentials_missing app_missing credentials_wrong frozen clock password_refused no_contract password_or_balance serial_not_received unknown_code operator',
    },
  ],
  ['idface_upstream_clock_skew_seconds', GAUGE, { account: '' }],
  ['idface_callbacks_failing', GAUGE, {}],
  ['idface_callbacks_disabled', GAUGE, {}],
  ['idface_bulk_remaining', GAUGE, { kind: 'resend act' }],
  ['idface_stats_age_seconds', GAUGE, {}],
  ['idface_commit_duration_seconds', HISTOGRAM, {}],
  ['idface_commit_batch_size', HISTOGRAM, {}],
  ['idface_wal_bytes', GAUGE, {}],
  ['idface_wal_pinned_seconds', GAUGE, {}],
  ['idface_database_bytes', GAUGE, {}],
  ['idface_disk_free_bytes', GAUGE, {}],
  ['idface_pg_pool', GAUGE, { pool: 'api loops', state: 'in_use idle waiting' }],
  ['idface_pg_dead_rows', GAUGE, { table: 'deliveries lanes registrations verifications' }],
  ['idface_pg_oldest_xmin_seconds', GAUGE, {}],
  ['idface_pg_listen_up', GAUGE, {}],
  ['idface_pg_hints_unreadable_total', COUNTER, {}],
  ['idface_pg_clock_skew_seconds', GAUGE, {}],
  [
    'idface_store_errors_total',
    COUNTER,
    { code: 'busy full read_only io corrupt connection serialization timeout other' },
  ],
  ['idface_nodes_alive', GAUGE, {}],
  ['idface_nodes_lost', GAUGE, {}],
  ['idface_nodes_differing', GAUGE, { trait: 'version settings key' }],
  ['idface_node_info', GAUGE, { version: '', settings: '', key: '' }],
  ['idface_backup_last_success_timestamp_seconds', GAUGE, {}],
]

const open = () => {
  const routes = [{ method: 'GET', route: '/v1/things/:id', codes: ['200', '404'] }]
  const clock = createFixedClock()
  const metrics = createMetrics({ routes, clock, read: [] })
  const page = async () => parseMetrics(await metrics.text(null))
  return { metrics, clock, page, emit: createEmit([metrics.listener]) }
}

describe('the metrics', () => {
  test('have these names, types, labels and values', () => {
    const declared = Object.values(METRICS).map(({ name, type, labels }) => {
      const values = Object.entries(labels).map(([label, all]) => [label, 'from' in all ? '' : all.join(' ')] as const)
      return [name, type, Object.fromEntries(values)]
    })
    expect(declared.toSorted()).toEqual(TABLE.toSorted() as unknown[])
  })

  test('show zeros from the start, and those of an account and of a route once these are known', async () => {
    const { metrics, page } = open()
    const first = await page()
    expect(first.value('idface_attempts_total', { outcome: 'tls' })).toBe(0)
    expect(first.value('idface_delivery_lag_seconds_bucket', { attempt: 'resend', le: '+Inf' })).toBe(0)
    expect(first.value('idface_detection_lag_seconds_count')).toBe(0)
    const route = { route: '/v1/things/:id', method: 'GET' }
    expect(first.value('idface_http_requests_total', { ...route, code: '404' })).toBe(0)
    expect(first.value('idface_polls_total', { account: 'C1' })).toBeNaN()
    metrics.addAccount('C1')
    const known = await page()
    expect(known.value('idface_polls_total', { account: 'C1', answer: 'refused' })).toBe(0)
    expect(known.value('idface_poll_duration_seconds_count', { account: 'C1' })).toBe(0)
    expect(known.value('idface_unknown_statuses_total', { account: 'C1' })).toBe(0)
  })

  test('tell who was over a rate, and have no more methods than HTTP’s usual ones', async () => {
    const { emit, page } = open()
    const answer = { route: '/v1/things/:id', durationMs: 2, requestId: 'req_1' }
    emit('request.answered', { ...answer, method: 'GET', status: 429, partnerId: 'partner_1' })
    emit('request.answered', { ...answer, method: 'GET', status: 429, partnerId: null })
    emit('request.answered', { ...answer, method: 'GET', status: 429, partnerId: null })
    for (const method of ['PROPFIND', 'MKCOL'])
      emit('probe.answered', { ...answer, method, status: 404, partnerId: null })
    const now = await page()
    expect(now.value('idface_rate_limited_total', { by: 'key' })).toBe(1)
    expect(now.value('idface_rate_limited_total', { by: 'address' })).toBe(2)
    expect(now.value('idface_http_requests_total', { method: 'other', code: '404' })).toBe(2)
  })

  test('tell how each webhook has ended', async () => {
    const { emit, page } = open()
    const message = {
      messageId: 'msg_1',
      registrationId: 'reg_1',
      partnerId: 'p',
      host: 'h',
      attempts: 1,
      resent: false,
    }
    emit('message.delivered', { ...message, ageMs: 5 })
    for (const end of ['exhausted', 'gone'] as const)
      emit('message.exhausted', { ...message, end, httpStatus: 500, error: null })
    emit('message.cancelled', message)
    const now = await page()
    for (const end of ['delivered', 'exhausted', 'gone', 'cancelled'])
      expect([end, now.value('idface_messages_total', { end })]).toEqual([end, 1])
  })

  test('show what is read elsewhere as it was told, a histogram with its buckets added up', async () => {
    const commits = { bounds: [0.001, 0.01], counts: [3, 2, 1], sum: 0.4 }
    const read = [
      readFrom<typeof commits>('histogram')('idface_commit_duration_seconds', 'How long.', {
        read: value => [{ value }],
      }),
      readFrom<typeof commits>('gauge')('idface_upstream_up', 'Whether.', {
        labels: { account: { from: 'accounts' } },
        read: () => [{ account: 'C"1', value: 0 }],
      }),
      readFrom<typeof commits>('gauge')('idface_queue_depth', 'What waits.', { read: () => [] }),
    ]
    const page = parseMetrics(await createMetrics({ routes: [], clock: createFixedClock(), read }).text(commits))
    expect(page.types.get('idface_commit_duration_seconds')).toBe('histogram')
    const buckets = ['0.001', '0.01', '+Inf'].map(le => page.value('idface_commit_duration_seconds_bucket', { le }))
    expect(buckets).toEqual([3, 5, 6])
    expect(page.value('idface_commit_duration_seconds_sum')).toBe(0.4)
    expect(page.value('idface_commit_duration_seconds_count')).toBe(6)
    expect(page.value('idface_upstream_up', { account: 'C"1' })).toBe(0)
    expect(page.value('idface_queue_depth')).toBeNaN()
  })

  test('tell of no lag of the event loop where there is no sample since the last look', async () => {
    const { page } = open()
    await page()
    const again = await page()
    expect(['min', 'mean'].map(figure => again.value(`nodejs_eventloop_lag_${figure}_seconds`))).toEqual([0, 0])
  })

  test('tell how late the event loop was, and not how seldom it is looked at', async () => {
    const { page } = open()
    await vi.waitFor(
      async () => {
        const least = (await page()).value('nodejs_eventloop_lag_min_seconds')
        expect(least).toBeGreaterThanOrEqual(0)
        expect(least).toBeLessThan(0.2)
        // Each read of the page starts over.
      },
      { timeout: 20_000, interval: 500 },
    )
  })
})
