import { describe, expect, test } from 'vitest'
import { scrape } from '../support/prometheus.ts'
import { ACCOUNT } from '../support/service.ts'
import { openStage } from './stage.ts'

const idOf = async ({ admin }: Pick<Awaited<ReturnType<typeof openStage>>, 'admin'>, apiId = ACCOUNT.apiId) =>
  (await admin.account(apiId)).id

describe('the metrics', () => {
  test('tell a small story: registered, asked, a verdict, a 500, and a 200', async () => {
    await using stage = await openStage({ RETRY_SCHEDULE: '50ms,50ms' })
    const account = await idOf(stage)
    const { api, receiver, service } = stage
    receiver.plan('/hook', [500])
    const { id, idcardid } = await stage.register({
      steps: [{ status: 'ING' }, { status: 'ING' }],
      status: 'SUCCESS',
    })
    await api.call('POST', '/v1/registrations', { idcardid, callbackUrl: receiver.urlFor('/hook') })
    await stage.delivery(id, 2)
    await api.until(id, one => one.delivery.state === 'delivered')

    const page = await scrape(service.url)
    const counted = (name: string, labels?: Record<string, string>) => page.value(name, labels)
    expect(counted('idface_registrations_total', { result: 'created' })).toBe(1)
    expect(counted('idface_registrations_total', { result: 'same' })).toBe(1)
    expect(counted('idface_polls_total', { account })).toBe(3)
    expect(counted('idface_polls_total', { account, answer: 'verdict' })).toBe(1)
    expect(counted('idface_poll_duration_seconds_count', { account })).toBe(3)
    expect(counted('idface_verdicts_total', { status: 'succeeded' })).toBe(1)
    expect(counted('idface_verdicts_total', { status: 'failed' })).toBe(0)
    expect(counted('idface_detection_lag_seconds_count')).toBe(1)
    expect(counted('idface_verdict_age_seconds_count')).toBe(1)
    expect(counted('idface_attempts_total', { outcome: 'http_5xx' })).toBe(1)
    expect(counted('idface_attempts_total', { outcome: 'ok' })).toBe(1)
    expect(counted('idface_attempts_total')).toBe(2)
    expect(counted('idface_delivery_lag_seconds_count', { attempt: 'first' })).toBe(1)
    expect(counted('idface_delivery_lag_seconds_count', { attempt: 'retry' })).toBe(1)
    expect(counted('idface_messages_total', { end: 'delivered' })).toBe(1)
    expect(counted('idface_messages_total')).toBe(1)
    expect(counted('idface_notification_duration_seconds_count')).toBe(1)
    expect(counted('idface_notification_duration_seconds_sum')).toBeGreaterThan(0.03)
    expect(counted('idface_upstream_up', { account })).toBe(1)
    expect(counted('idface_account_paused', { account })).toBe(0)
    expect(counted('idface_upstream_budget_used_ratio', { account })).toBeCloseTo(3 / (200 * 60), 6)
    expect(Math.abs(counted('idface_upstream_clock_skew_seconds', { account }))).toBeLessThan(2)
    expect(counted('idface_queue_depth')).toBe(0)
    expect(counted('idface_queue_oldest_due_seconds')).toBe(0)
    expect(counted('idface_commit_duration_seconds_count')).toBeGreaterThan(0)
    expect(counted('idface_database_bytes')).toBeGreaterThan(0)
    expect(counted('idface_http_requests_total', { route: '/v1/registrations', method: 'POST', code: '201' })).toBe(1)
    expect(counted('idface_slots_in_use')).toBe(0)
    expect(counted('idface_node_info')).toBe(1)
    expect(counted('idface_backup_last_success_timestamp_seconds')).toBe(0)
    expect(counted('idface_stats_age_seconds')).toBeLessThan(5)
  })
})
