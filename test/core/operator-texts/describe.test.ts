import { expect, test } from 'vitest'
import { chineseFaults } from '../../../scripts/chinese.ts'
import type { Alert } from '../../../src/core/alert.ts'
import { ACCOUNT_FAULTS } from '../../../src/core/answer.ts'
import { DAY, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { CATALOGUES, describeAlert, describeTrouble } from '../../../src/core/operator-texts/describe.ts'
import type { Trouble } from '../../../src/core/trouble.ts'

const AT = Date.parse('2026-11-24T16:20:00.000Z')
const since = AT - 10 * MINUTE
const late = { code: 'deliveries_late', since, due: 12, isCapped: false } as const
const FAILING = {
  ...{ partnerId: 'partner_1', partnerName: 'Bravo', host: 'a.example', urls: 1, since, error: 'http_500', waiting: 1 },
}
const polls = { code: 'polls_late', since, account: 'C1', rate: 5 } as const
const TROUBLES: readonly Trouble[] = [
  ...ACCOUNT_FAULTS.map(
    reason =>
      ({ code: 'account_paused', since, account: 'C1', reason, upstreamCode: 405, nextTryAt: AT + MINUTE }) as const,
  ),
  { code: 'no_service', since: null },
  ...['SQLITE_FULL', 'SQLITE_BUSY', '53100', '53300', '25006', '28P01', '42501', '40001', 'ECONNREFUSED', 'XX000'].map(
    error => ({ code: 'store_failing', since: null, error }) as const,
  ),
  { code: 'account_paused_by_operator', since, account: 'C1' },
  { code: 'account_paused_idle', since, account: 'C1' },
  { code: 'upstream_unreachable', since, account: 'C1', error: 'timeout', nextTryAt: AT + MINUTE },
  { code: 'upstream_unreachable', since, account: 'C1', error: 'unparseable: text/html', nextTryAt: null },
  { code: 'upstream_slow', since: null, account: 'C1', ms: 8_000 },
  { code: 'deliveries_held', since, due: 12, isCapped: false },
  { code: 'backup_failed', since, reason: 'no_room' },
  { code: 'backup_failed', since, reason: 'no_room', path: '/backup/1.db' },
  { code: 'backup_stale', since, madeAt: null, path: null },
  { code: 'backup_stale', since, madeAt: since - 2 * DAY, path: '/backup/1.db' },
  late,
  {
    ...{ ...polls, due: 2_732, isCapped: false, rateNow: 5, answers: null, isSlow: false, etaMs: 1 },
    most: { partnerId: 'partner_1', partnerName: 'Bravo', waiting: 2_690 },
  },
  {
    ...polls,
    due: 10_000,
    isCapped: true,
    rateNow: 5,
    answers: { ms: 250, calls: 4 },
    isSlow: false,
    etaMs: 2_000 * SECOND,
  },
  {
    ...polls,
    due: 64,
    isCapped: false,
    rateNow: 0.5,
    answers: { ms: 8_000, calls: 4 },
    isSlow: true,
    etaMs: 128 * SECOND,
  },
  { ...polls, due: 7, isCapped: false, rateNow: 5, answers: null, isSlow: false, etaMs: null },
  { code: 'disk_low', since: null, freeBytes: 5e8 },
  { code: 'disk_low', since: null, freeBytes: 4_096 },
  { code: 'node_lost', since, node: 'a:8080' },
  { code: 'node_lost', since, node: 'a:8080', undone: ['poll', 'deliver'] },
  { code: 'node_differs', since, node: 'a:8080', differsIn: ['version', 'key'], settings: [] },
  { code: 'node_differs', since, node: 'a:8080', differsIn: ['settings'], settings: ['RETENTION'] },
  { code: 'operators_not_told', since, channel: 'webhook', problem: 'key', error: 'http 404' },
  { code: 'operators_not_told', since, channel: 'webhook', problem: null, error: 'http 400' },
  { code: 'clock_wrong', since: null, node: 'a:8080', aheadMs: 3_599_000 },
  { code: 'clock_wrong', since: null, node: 'a:8080', aheadMs: -3_599_000 },
  { code: 'messages_exhausted', since: null, count: 1, isCapped: false },
  { code: 'messages_exhausted', since: null, count: 10_000, isCapped: true },
  { code: 'messages_resent', since: null, count: 1, isCapped: false, isAll: true },
  { code: 'messages_resent', since: null, count: 10_000, isCapped: true, isAll: false },
  { code: 'callbacks_failing', since, worst: [FAILING], hosts: 1 },
  { code: 'callbacks_failing', since, worst: [FAILING, { ...FAILING, urls: 2, waiting: 60 }], hosts: 7 },
  { code: 'messages_held', since: null, held: 1, urls: 1 },
  { code: 'messages_held', since: null, held: 3, urls: 1 },
]

test('each trouble is said, with what to do, in both languages', () => {
  expect(new Set(TROUBLES.map(({ code }) => code))).toEqual(new Set(Object.keys(CATALOGUES.en.troubles)))
  const all = TROUBLES.flatMap(trouble => [describeTrouble(trouble, 'en', AT), describeTrouble(trouble, 'zh', AT)])
  for (const [index, { sentence, remedy, advice }] of all.entries()) {
    const isChinese = index % 2 === 1
    for (const text of [sentence, remedy, advice]) {
      // A command may follow in a line of its own.
      expect(text).toMatch(isChinese ? /。(\n\$ .+)?$/ : /\.(\n\$ .+)?$/)
      expect(/[\u4e00-\u9fff]/.test(text)).toBe(isChinese)
      expect(text).not.toMatch(/undefined|NaN|null/)
    }
  }
  expect(new Set(all.map(({ sentence }) => sentence)).size).toBe(all.length)
})

test('an answer that is no JSON was called unreachable, with DNS and firewalls as the remedy', () => {
  const outage = { code: 'upstream_unreachable', since, account: 'C1', nextTryAt: null } as const
  for (const error of ['unparseable: text/html', 'too_large', 'http_status: 502']) {
    const { sentence, remedy } = describeTrouble({ ...outage, error }, 'en', AT)
    expect(`${sentence} ${remedy}`).toMatch(/JSON.*IHUYI_URL/)
    expect(`${sentence} ${remedy}`).not.toMatch(/unreachable|DNS/)
  }
  for (const error of ['timeout', 'unreachable: ENOTFOUND'])
    expect(describeTrouble({ ...outage, error }, 'zh', AT).remedy).toContain('DNS')
})

test('a certificate of GetResult that is not valid now is blamed on the clock or the vendor, not on DNS', () => {
  const outage = { code: 'upstream_unreachable', since, account: 'C1', nextTryAt: null } as const
  for (const error of ['unreachable: CERT_HAS_EXPIRED', 'unreachable: CERT_NOT_YET_VALID'])
    for (const language of ['en', 'zh'] as const) {
      const { remedy } = describeTrouble({ ...outage, error }, language, AT)
      expect(remedy).toContain('timedatectl')
      expect(remedy).not.toContain('DNS')
    }
})

test('how far a clock is off is rounded, and one that is ahead is said to end and erase for good', () => {
  const wrong = (aheadMs: number) =>
    (['en', 'zh'] as const).map(
      language => describeTrouble({ code: 'clock_wrong', since: null, node: 'a', aheadMs }, language, AT).sentence,
    )
  expect(wrong(10 * MINUTE + 1)[0]).toContain(' 10 min behind')
  expect(wrong(-200 * DAY - 1)[0]).toContain(' 200 days ahead')
  expect(wrong(-200 * DAY - 1)[1]).toContain(' 200 天')
  expect(wrong(-DAY).map(sentence => sentence.includes('RETENTION'))).toEqual([true, true])
  expect(wrong(DAY).map(sentence => sentence.includes('RETENTION'))).toEqual([false, false])
})

test('a locked file is named, with one engine and what lists its processes', () => {
  const locked = { code: 'store_failing', since: null, error: 'SQLITE_BUSY', file: '/data/notifier.db' } as const
  for (const language of ['en', 'zh'] as const) {
    const { remedy } = describeTrouble(locked, language, AT)
    expect(remedy).toContain('"fuser -v /data/notifier.db"')
    expect(remedy).not.toContain('PostgreSQL')
  }
})

test('a server that has been used was said not to be there, and by no node', () => {
  const away = { code: 'store_failing', since: null, error: 'ECONNREFUSED', node: 'a' } as const
  const { sentence, remedy } = describeTrouble(away, 'en', AT)
  expect(sentence).toContain('node a ')
  expect(remedy).toMatch(/^PostgreSQL does not answer: start it/)
})

test('no_response is said in the words of its cause', () => {
  const failing = (error: string) =>
    ({ code: 'callbacks_failing', since, worst: [{ ...FAILING, error }], hosts: 1 }) as const
  const zh = (error: string) => describeTrouble(failing(error), 'zh', AT).sentence
  expect(zh('no_response ENOTFOUND')).toContain('no_response ENOTFOUND：域名无法解析')
  expect(zh('no_response ECONNREFUSED')).toContain('no_response ECONNREFUSED：连接被拒绝')
  expect(zh('http_500')).toContain('（http_500，')
  expect(zh('http_500')).not.toContain('partner_1')
})

test('a refused APIKEY takes three short steps and a command, not one paragraph', () => {
  const paused = { since, account: 'C1', reason: 'credentials_wrong', upstreamCode: 405, nextTryAt: null } as const
  for (const language of ['en', 'zh'] as const) {
    const { remedy, advice } = describeTrouble({ code: 'account_paused', ...paused }, language, AT)
    const lines = remedy.split('\n')
    expect(lines.map(line => line.slice(0, 2))).toEqual(['1.', '2.', '3.', '$ '])
    expect(lines.at(-1)).toBe('$ idface-notifier account resume C1')
    expect(advice.split('\n')).toHaveLength(3)
  }
})

test('a partner that floods is to be limited before the vendor is asked', () => {
  const most = { partnerId: 'partner_1', partnerName: 'Bravo', waiting: 4_500 }
  const flood = { ...polls, due: 4_479, isCapped: false, rateNow: 5, answers: null, isSlow: false, etaMs: 1, most }
  const { remedy } = describeTrouble(flood, 'en', AT)
  expect(remedy).toMatch(/Bravo .*Bulk acts.*vendor.*\n\$ idface-notifier partner set partner_1 --max-pending 1000$/)
})

test('a backup of five days and a quarter was said to be six days old', () => {
  const stale = { code: 'backup_stale', since, madeAt: AT - 5.01 * DAY, path: '/backup/1.db' } as const
  expect(describeTrouble(stale, 'en', AT).sentence).toContain(' 5 days ')
  expect(describeTrouble(stale, 'zh', AT).sentence).toContain(' 5 天')
})

test('a host that only fails is named with its partner, since when, why and how much waits', () => {
  const failing = { code: 'callbacks_failing', since, worst: [{ ...FAILING, waiting: 60 }], hosts: 1 } as const
  const [en, zh] = [describeTrouble(failing, 'en', AT).sentence, describeTrouble(failing, 'zh', AT).sentence]
  for (const said of ['Bravo', 'a.example', 'http_500', '60', ':10:00'])
    for (const text of [en, zh]) expect(text).toContain(said)
})

test('what limits late polls is named: the rate, or the time of the answers', () => {
  const late = {
    ...polls,
    due: 64,
    isCapped: false,
    rateNow: 0.5,
    etaMs: 128 * SECOND,
    answers: { ms: 8_000, calls: 4 },
  }
  for (const language of ['en', 'zh'] as const) {
    const bySlowness = describeTrouble({ ...late, isSlow: true }, language, AT)
    expect(bySlowness.sentence).toMatch(/0\.5[\s\S]*\b8 (s|秒)/)
    expect(bySlowness.remedy).toContain('UPSTREAM_CONCURRENCY')
    expect(describeTrouble({ ...late, isSlow: false }, language, AT).remedy).not.toContain('UPSTREAM_CONCURRENCY')
  }
})

test('advice names no command for what the console has a button for, and the remedy does', () => {
  const paused = { code: 'account_paused', since, account: 'C1', upstreamCode: 405, nextTryAt: null } as const
  for (const trouble of [
    { ...paused, reason: 'credentials_wrong' },
    { ...paused, reason: 'credentials_wrong', isRemoved: true },
    { code: 'account_paused_by_operator', since, account: 'C1' },
    { code: 'messages_exhausted', since: null, count: 1, isCapped: false },
    { code: 'callbacks_failing', since, worst: [FAILING], hosts: 1 },
    { code: 'messages_held', since: null, held: 1, urls: 1 },
  ] as const satisfies readonly Trouble[])
    for (const language of ['en', 'zh'] as const) {
      const { advice, remedy } = describeTrouble(trouble, language, AT)
      expect(advice).not.toContain('"idface-notifier ')
      expect(remedy.startsWith(advice)).toBe(true)
      expect(remedy).toContain('idface-notifier ')
    }
})

test('an end that came before the beginning, by a clock that was set back, was said to have lasted for 0 s', () => {
  const resolved = (at: number): Alert => ({
    ...{ condition: 'upstream.unreachable', subject: 'C1', state: 'resolved', since: AT, at, count: 1 },
    ...{ details: { code: 'upstream_unreachable', since: AT, account: 'C1', error: 'timeout', nextTryAt: null } },
    ...{ toldState: 'firing', toldAt: AT, dueAt: at },
  })
  for (const language of ['en', 'zh'] as const) {
    const said = (at: number) => describeAlert(resolved(at), language, at).sentence
    expect(said(AT + MINUTE)).toMatch(/16:20:00.*16:21:00|00:20:00.*00:21:00/)
    expect(said(AT - 2_000)).toMatch(/16:19:58|00:19:58/)
    expect(said(AT - 2_000)).not.toMatch(/16:20:00|00:20:00| 0 /)
  }
})

test('what is put together in Chinese has its punctuation and its spaces', () => {
  const headline = (state: 'firing' | 'resolved') => {
    const details = {
      code: 'upstream_unreachable',
      since: AT,
      account: 'C1',
      error: 'timeout',
      nextTryAt: null,
    } as const
    const event = { condition: 'upstream.unreachable', subject: 'C1', since: AT, at: AT + MINUTE, count: 3 } as const
    return describeAlert({ ...event, details, state, toldState: null, toldAt: null, dueAt: null }, 'zh', AT).headline
  }
  const texts = TROUBLES.flatMap(trouble => Object.values(describeTrouble(trouble, 'zh', AT)))
  expect([...texts, headline('firing'), headline('resolved')].flatMap(text => chineseFaults(text, 'page'))).toEqual([])
  expect(headline('firing')).toMatch(/^告警：/)
})
