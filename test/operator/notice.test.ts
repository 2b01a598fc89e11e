import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ALERT_TYPES, type Alert } from '../../src/core/alert.ts'
import { noticeItem } from '../../src/operator/notice.ts'
import { AT, CONSOLE_URL, PAUSED } from './support.ts'

const ROOT = join(import.meta.dirname, '../..')
const OPERATIONS = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
const HOST = { partnerId: 'partner_1', host: 'hooks.partner.example' }
const LATE = { since: AT, due: 7, isCapped: false } as const

/** One of each; tsc reports a missing one. */
const DETAILS: { [Condition in Alert['condition']]: Alert['details'] } = {
  'account.paused': PAUSED.details,
  'upstream.unreachable': { code: 'upstream_unreachable', since: AT, account: 'C1', error: 'timeout', nextTryAt: null },
  'upstream.slow': { code: 'upstream_slow', since: null, account: 'C1', ms: 8_000 },
  'upstream.unknown_status': { account: 'acc_1', status: 'MAYBE' },
  'backlog.growing': { code: 'deliveries_late', ...LATE },
  'callback.failing': { ...HOST, since: AT, error: 'timeout' },
  'callback.disabled': { ...HOST, since: AT, error: 'timeout' },
  'message.exhausted': { ...HOST, error: 'timeout' },
  'node.lost': { code: 'node_lost', since: AT, node: 'node-2:8080' },
  'clock.wrong': { code: 'clock_wrong', since: null, node: 'node-2:8080', aheadMs: -3_600_000 },
  'backup.failed': { code: 'backup_failed', since: AT, reason: 'no_room' },
  'backup.stale': { code: 'backup_stale', since: AT, madeAt: null, path: null },
  'disk.low': { code: 'disk_low', since: null, freeBytes: 5e8 },
  'store.failing': { code: 'store_failing', since: null, error: 'ECONNREFUSED' },
}
const PAGES: { [Condition in Alert['condition']]: string } = {
  'account.paused': '/accounts/C12345678',
  'upstream.unreachable': '/accounts/C1',
  'upstream.slow': '/accounts/C1',
  'upstream.unknown_status': '/accounts/acc_1',
  'backlog.growing': '',
  'callback.failing': '/deliveries?host=hooks.partner.example',
  'callback.disabled': '/deliveries#urls',
  'message.exhausted': '/registrations?partner=partner_1&delivery=exhausted',
  'node.lost': '/nodes',
  'clock.wrong': '',
  'backup.failed': '/nodes#backups',
  'backup.stale': '/nodes#backups',
  'disk.low': '',
  'store.failing': '',
}
const CONDITIONS = Object.keys(DETAILS) as Alert['condition'][]

describe.each(CONDITIONS)('%s', condition => {
  const event: Alert = { ...PAUSED, condition, subject: 'subject', details: DETAILS[condition] }

  test.each([
    ['en', 'docs/operations.md'],
    ['zh', 'docs/operations.zh-CN.md'],
  ] as const)('has its place in the runbook (%s)', (language, page) => {
    const [file, anchor] = (noticeItem(event, { language, consoleUrl: null }, AT).runbook ?? '').split('#')
    expect(file).toBe(page)
    expect(readFileSync(join(ROOT, page), 'utf8')).toContain(`<a id="${anchor}"></a>`)
  })

  test('links to the page of the console that fixes it', () => {
    const audience = { language: 'en', consoleUrl: CONSOLE_URL } as const
    expect(noticeItem(event, audience, AT).page).toBe(`${CONSOLE_URL}${PAGES[condition]}`)
  })
})

test('every name of an event is in the runbook', () => {
  for (const type of ALERT_TYPES) expect(OPERATIONS).toContain(`\`${type}\``)
})
