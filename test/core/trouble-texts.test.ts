import { expect, test } from 'vitest'
import { ACCOUNT_FAULTS } from '../../src/core/answer.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { showBytes, showSpan } from '../../src/core/show-sizes.ts'
import { TROUBLE_CODES, type Trouble } from '../../src/core/trouble.ts'
import { describeTrouble } from '../../src/core/trouble-texts.ts'

const AT = Date.parse('2026-11-24T16:20:00.000Z')
const since = AT - 10 * MINUTE
const TROUBLES: readonly Trouble[] = [
  ...ACCOUNT_FAULTS.map(
    reason =>
      ({ code: 'account_paused', since, account: 'C1', reason, upstreamCode: 405, nextTryAt: AT + MINUTE }) as const,
  ),
  { code: 'no_service', since: null },
  ...['SQLITE_FULL', '53100', '53300', '25006', '28P01', '42501', '40001', 'ECONNREFUSED', 'XX000'].map(
    error => ({ code: 'store_failing', since: null, error }) as const,
  ),
  { code: 'account_paused_by_operator', since, account: 'C1' },
  { code: 'upstream_unreachable', since, account: 'C1', error: 'timeout', nextTryAt: AT + MINUTE },
  { code: 'deliveries_held', since, due: 12, isCapped: false },
  { code: 'backup_failed', since, reason: 'no_room' },
  { code: 'deliveries_late', since, due: 12, isCapped: false, mostFor: null },
  { code: 'polls_late', since, account: 'C1', due: 10_000, isCapped: true, rate: 5, rateNow: 5, etaMs: 2_000 * SECOND },
  { code: 'disk_low', since: null, freeBytes: 5e8 },
  { code: 'node_lost', since, node: 'a:8080' },
  { code: 'node_lost', since, node: 'a:8080', undone: ['poll', 'deliver'] },
  { code: 'node_differs', since, node: 'a:8080', differsIn: ['version', 'key'] },
  { code: 'operators_not_told', since, channel: 'webhook', problem: 'key', error: 'http 404' },
  { code: 'operators_not_told', since, channel: 'webhook', problem: null, error: 'http 400' },
  { code: 'clock_wrong', since: null, node: 'a:8080', aheadMs: 3_599_000 },
  { code: 'clock_wrong', since: null, node: 'a:8080', aheadMs: -3_599_000 },
  { code: 'messages_exhausted', since: null, count: 1 },
  { code: 'messages_exhausted', since: null, count: 12 },
  { code: 'callbacks_failing', since: null, urls: 1 },
  { code: 'callbacks_failing', since: null, urls: 2 },
  { code: 'messages_held', since: null, held: 1, urls: 1 },
  { code: 'messages_held', since: null, held: 3, urls: 1 },
]

test('each trouble is said, with what to do, in both languages', () => {
  expect(new Set(TROUBLES.map(({ code }) => code))).toEqual(new Set(TROUBLE_CODES))
  const all = TROUBLES.flatMap(trouble => [describeTrouble(trouble, 'en', AT), describeTrouble(trouble, 'zh', AT)])
  for (const [index, { sentence, remedy }] of all.entries()) {
    const isChinese = index % 2 === 1
    for (const text of [sentence, remedy]) {
      expect(text).toMatch(isChinese ? /。$/ : /\.$/)
      expect(/[\u4e00-\u9fff]/.test(text)).toBe(isChinese)
      expect(text).not.toMatch(/undefined|NaN|null/)
    }
  }
  expect(new Set(all.map(({ sentence }) => sentence)).size).toBe(all.length)
})

test('a backlog that is not counted to its end says so', () => {
  const trouble = {
    code: 'polls_late',
    since,
    account: 'C1',
    due: 10_000,
    isCapped: true,
    rate: 5,
    rateNow: 5,
    etaMs: 2e6,
  } as const
  expect(describeTrouble(trouble, 'en', AT).sentence).toContain(
    '10000+ are due, and one round of calls takes more than 34 min at 5',
  )
})

test('a backlog that cannot shrink was said to go away by itself', () => {
  const late = { code: 'polls_late', since, account: 'C1', due: 10_000, isCapped: true, rate: 5, rateNow: 5 } as const
  const steady = { ...late, etaMs: 2_000 * SECOND, everyMs: 2_100 * SECOND }
  const { sentence, remedy } = describeTrouble(steady, 'en', AT)
  expect(sentence).toContain('10000+ are due. More wait than 5 calls a second can ask about within POLL_MAX_INTERVAL')
  expect(sentence).toMatch(/each is asked about every 35 min on average\.$/)
  const zh = describeTrouble(steady, 'zh', AT)
  expect(zh.sentence).toMatch(/每个流水号平均约 35 分钟查询一次。$/)
  expect(remedy + zh.remedy).not.toMatch(/goes away|自行恢复/)
  const passing = describeTrouble({ ...late, etaMs: 200 * SECOND }, 'en', AT)
  expect(passing.remedy).toContain('goes away by itself')
})

test('a paused account said neither when it is tried next nor by which command to have that now', () => {
  const paused = { code: 'account_paused', since, account: 'C1', reason: 'frozen', upstreamCode: 4050 } as const
  const { remedy } = describeTrouble({ ...paused, nextTryAt: AT + MINUTE }, 'en', AT)
  expect(remedy).toContain(
    'The next try is at 2026-11-24 16:21:00 UTC; once this is mended, "idface-notifier account resume C1" has it tried at once.',
  )
  expect(describeTrouble({ ...paused, nextTryAt: AT + MINUTE }, 'zh', AT).remedy).toContain(
    '下次重试时间为北京时间 2026-11-25 00:21:00；处理完成后，可运行 "idface-notifier account resume C1" 立即重试。',
  )
  expect(describeTrouble({ ...paused, nextTryAt: AT }, 'en', AT).remedy).toContain('tries the account again by itself')
})

test('while an account recovers, its backlog is said to go at the rate of now, and up to the full one', () => {
  const late = { code: 'polls_late', since, account: 'C1', due: 600, isCapped: false, etaMs: 180 * SECOND } as const
  expect(describeTrouble({ ...late, rate: 8, rateNow: 1 }, 'en', AT).sentence).toContain(
    'about 3 min at 1 calls a second now, and up to 8.',
  )
})

test('late webhooks of one host that does not answer ask for no more slots', () => {
  const mostFor = { partnerId: 'par_1', partnerName: 'Acme', host: 'hangs.example', due: 198, isSilent: true }
  const late = { code: 'deliveries_late', since, due: 198, isCapped: false, mostFor } as const
  const { sentence, remedy } = describeTrouble(late, 'en', AT)
  expect(sentence).toContain('198 of 198 that are due are for hangs.example of Acme (par_1), which does not answer.')
  for (const text of [remedy, describeTrouble(late, 'zh', AT).remedy]) {
    expect(text).not.toContain('CALLBACK_CONCURRENCY')
    expect(text).toContain('par_1')
  }
  const spread = describeTrouble({ ...late, mostFor: null }, 'en', AT)
  expect(spread.remedy).toContain('CALLBACK_CONCURRENCY')
  // What has waited for a service that was down is late for its first minutes.
  expect(spread.remedy).toMatch(/^After a start or a break of the service this goes away by itself\./)
})

test('webhooks were said to be late for 1 s that had been due for two minutes', () => {
  const late = { code: 'deliveries_late', since: AT - SECOND, due: 61, isCapped: false, mostFor: null } as const
  expect(describeTrouble(late, 'en', AT).sentence).toContain(', and the oldest has been due for 3 min: 61 are due.')
  expect(describeTrouble(late, 'zh', AT).sentence).toContain('，最久的已等待 3 分钟：')
})

test('a backlog that nobody works off has no estimate', () => {
  const backlog = {
    code: 'polls_late',
    since,
    account: 'C1',
    due: 7,
    isCapped: false,
    rate: 5,
    rateNow: 5,
    etaMs: null,
  } as const
  expect(describeTrouble(backlog, 'en', AT).sentence).toMatch(/: 7 are due\.$/)
  expect(describeTrouble(backlog, 'zh', AT).sentence).toMatch(/：7 个流水号待查询。$/)
})

test('spans and sizes are said in a unit of which there are several', () => {
  expect([0, 1_500, 3 * MINUTE, 90 * MINUTE, 5 * HOUR, 3 * DAY].map(ms => showSpan(ms, 'en'))).toEqual([
    ...['0 s', '2 s', '3 min', '90 min', '5 h', '3 days'],
  ])
  expect([512, 4_300_000, 1.25e9].map(showBytes)).toEqual(['0.512 kB', '4.3 MB', '1.25 GB'])
})

test('on a full disk it was said what would be when it is full', () => {
  const trouble = { code: 'disk_low', since: null, freeBytes: 4_096 } as const
  expect(describeTrouble(trouble, 'en', AT).sentence).toBe(
    'The disk of the database is full (4.1 kB left): registrations are refused now.',
  )
  expect(describeTrouble(trouble, 'zh', AT).sentence).toBe(
    '数据库所在磁盘已写满（仅剩 4.1 kB）：新的登记目前会被拒绝。',
  )
})

test('of what an operator had disabled it was said that its partner can have it sent', () => {
  for (const language of ['en', 'zh'] as const)
    expect(describeTrouble({ code: 'messages_held', since: null, held: 1, urls: 1 }, language, AT).remedy).toContain(
      '"idface-notifier callback enable URL --partner PARTNER"',
    )
})

test('a wrong key was to be mended in the settings alone, also that of an account which is in none', () => {
  const paused = { code: 'account_paused', since, account: 'C1', upstreamCode: 1, nextTryAt: null } as const
  for (const reason of ['credentials_wrong', 'password_refused', 'password_or_balance'] as const)
    for (const language of ['en', 'zh'] as const)
      expect(describeTrouble({ ...paused, reason }, language, AT).remedy).toMatch(
        /account remove APIID".*account create APIID --api-key-file FILE/,
      )
})
