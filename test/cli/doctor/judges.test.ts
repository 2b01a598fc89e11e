import { describe, expect, test } from 'vitest'
import { judgeDamage, judgeKey, judgeSchema } from '../../../src/cli/doctor/database.ts'
import { judgeDisk, judgeFiles, judgeSpace } from '../../../src/cli/doctor/files.ts'
import { type Finding, quoted, worstOf } from '../../../src/cli/doctor/finding.ts'
import { judgeAnswer, judgeDns, judgeProxies } from '../../../src/cli/doctor/network.ts'
import { judgeOperator } from '../../../src/cli/doctor/operator.ts'
import { judgeSettings } from '../../../src/cli/doctor/settings.ts'
import { judgeLitestream, judgeLog, judgeService } from '../../../src/cli/doctor/users.ts'
import { isAtLeast, judgeVersions } from '../../../src/cli/doctor/versions.ts'
import { checkClock, judgeBackup, judgeTrouble } from '../../../src/cli/doctor/work.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 26, 12)
const call = 'idface-notifier'

/** Whatever is said is said in both languages, and whoever has something to do is told what. */
const states = (found: Finding | readonly Finding[]): string[] => {
  const all = [found].flat() as Finding[]
  for (const { text, todo, state } of all) {
    expect(text.en).not.toMatch(/undefined|null|NaN|\p{Script=Han}/u)
    expect(text.zh).not.toMatch(/undefined|null|NaN/)
    if (todo) expect(todo.zh).toMatch(/\p{Script=Han}/u)
    if (state === 'warning' || state === 'failed') expect(todo?.en).toMatch(/\w/)
  }
  return all.map(({ state }) => state)
}

describe('a judgement', () => {
  test('of settings names each that is wrong, and each that opens something', () => {
    expect(states(judgeSettings([], []))).toEqual(['ok'])
    const found = judgeSettings(
      [{ setting: 'PORTT', message: { en: 'is not a setting', zh: '没有这个配置项' } }],
      [{ setting: 'SANDBOX', effect: { en: 'opens it', zh: '会放开' } }],
    )
    expect(found[1]?.text).toEqual({ en: 'SANDBOX: opens it', zh: 'SANDBOX：会放开' })
    expect(states(found)).toEqual(['failed', 'warning'])
    expect(found[0]?.text.en).toContain('PORTT')
  })

  test.each([
    ['3.51.3', '3.51.3', true],
    ['3.51.2', '3.51.3', false],
    ['3.54', '3.51.3', true],
    ['24.0.0-rc1', '24.0.0', true],
    ['22.9.0', '22.19.0', false],
  ])('takes %s against %s: %s', (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected)
  })

  test.each([
    [{ node: '24.1.0', sqlite: '3.54.1' }, 'ok'],
    [{ node: '24.1.0', sqlite: '3.51.2' }, 'failed'],
    [{ node: '22.18.0', sqlite: '3.54.1' }, 'failed'],
  ])('of the versions %j is %s', (versions, state) => {
    expect(states(judgeVersions({ ...versions, own: '1.0.0' }))).toEqual([state])
  })

  test('of files says who can use them, and the command that mends it', () => {
    const file = (name: string, uid = 7, mode = 0o100600) => ({ path: `/d/${name}`, uid, mode })
    const at = { user: 7, folderUid: 7 }
    expect(states(judgeFiles([], at))).toEqual(['ok'])
    expect(states(judgeFiles([file('a.db'), file('a.db-wal')], at))).toEqual(['ok'])
    const open = judgeFiles([file("it's.db", 7, 0o100644)], at)
    expect(states(open)).toEqual(['failed'])
    expect(open[0]).toMatchObject({
      text: { en: expect.stringContaining('(0644)') },
      command: `chmod 600 '/d/it'\\''s.db'`,
    })
    expect(judgeFiles([file('a.db'), file('a.db-shm', 0)], at)[0]?.command).toBe('sudo chown 7 /d/a.db-shm')
    expect(states(judgeFiles([file('a.db', 8)], at))).toEqual(['failed', 'warning'])
    expect(states(judgeFiles([file('a.db', 8)], { user: 0, folderUid: 8 }))).toEqual(['ok'])
  })

  test('of disk and space', () => {
    expect(states(judgeDisk('/d/a.db', null))).toEqual(['ok'])
    expect(states(judgeDisk('/d/a.db', 'NFS'))).toEqual(['failed'])
    const space = (free: number, used: number) => states(judgeSpace({ free, used, folder: '/d' }))
    expect([space(2e9, 1e9), space(2e9, 3e9), space(5e8, 1), space(1e8, 1)].flat()).toEqual([
      'ok',
      'warning',
      'warning',
      'failed',
    ])
  })

  test('of the file', () => {
    expect(states(judgeDamage(null, 'quick'))).toEqual(['ok'])
    expect(states(judgeDamage('row 3 missing from index', 'deep'))).toEqual(['failed'])
  })

  test('of the schema', () => {
    expect(judgeSchema('current', call).state).toBe('ok')
    expect(judgeSchema('later', call).state).toBe('failed')
    expect(judgeSchema('older', call)).toMatchObject({ state: 'warning', command: 'idface-notifier migrate' })
  })

  test('of the key', () => {
    expect(states(judgeKey({ opens: true, source: 'MASTER_KEY' }))).toEqual(['ok'])
    expect(states(judgeKey({ opens: true, source: '/d/a.db.key' }))).toEqual(['ok'])
    expect(states(judgeKey({ opens: false, source: 'MASTER_KEY' }))).toEqual(['failed'])
    expect(states(judgeKey({ opens: false, source: null }))).toEqual(['failed'])
  })

  test('of the log goes by its size', () => {
    expect(judgeLog(1e6, '/d/a.db').state).toBe('ok')
    expect(judgeLog(2e8, '/d/a.db')).toMatchObject({ state: 'warning', command: 'fuser -v /d/a.db' })
    expect(judgeLog(2e9, '/d/a.db').state).toBe('failed')
  })

  test('a database without a service is a warning, and a failure once something is due', () => {
    expect(states(judgeService({ due: 0, at: NOW, call }))).toEqual(['warning'])
    expect(states(judgeService({ due: 3, at: NOW, call }))).toEqual(['failed'])
  })

  test('of Litestream', () => {
    expect(states(judgeLitestream(null))).toEqual(['skipped'])
    expect(states(judgeLitestream({ isRunning: true, version: null }))).toEqual(['warning'])
    expect(states(judgeLitestream({ isRunning: true, version: '0.5.16' }))).toEqual(['failed'])
    expect(states(judgeLitestream({ isRunning: false, version: '0.5.17' }))).toEqual(['ok'])
  })

  test.each([
    [null, [], 'skipped'],
    [800, [], 'ok'],
    [-90_000, [], 'failed'],
    // It is that of another machine.
    [800, [3_600_000], 'failed'],
    [null, [3_600_000], 'failed'],
  ])('of a clock that is off by %s, where nodes have told %j, is %s', async (aheadMs, told, state) => {
    const troubles = told.map(ms => ({ code: 'clock_wrong', since: null, node: 'a:1', aheadMs: ms }) as const)
    const desk = {
      ...{ now: NOW, call, offline: false, inspection: { age: 'current' } },
      asked: async () => [{ apiId: 'C1', outcome: 'paused', durationMs: 0, aheadMs }],
      troubles: async () => ({ at: NOW, troubles }),
    }
    expect(states(await checkClock(desk as unknown as Parameters<typeof checkClock>[0]))).toEqual([state])
  })

  test('of DNS and proxies', () => {
    expect(states(judgeDns('a.example', { addresses: 2, durationMs: 3 }))).toEqual(['ok'])
    expect(states(judgeDns('a.example', { addresses: 2, durationMs: 3_000 }))).toEqual(['warning'])
    expect(states(judgeDns('a.example', { error: 'ENOTFOUND' }))).toEqual(['failed'])
    expect(states(judgeProxies({ callback: null, ignored: [] }))).toEqual(['ok'])
    const callback = { host: 'p:3128', error: 'ECONNREFUSED' }
    expect(states(judgeProxies({ callback, ignored: ['HTTPS_PROXY'] }))).toEqual(['failed', 'warning'])
  })

  test.each([
    [{ kind: 'not_found', code: 4061 }, 'ok'],
    [{ kind: 'account', code: 405, fault: 'credentials_wrong' }, 'failed'],
    [{ kind: 'transient', code: null, cause: 'unreachable', detail: 'ECONNREFUSED' }, 'failed'],
    [{ kind: 'transient', code: 0, cause: 'upstream_error' }, 'failed'],
    [{ kind: 'throttled', code: null, retryAfterMs: null }, 'warning'],
    [{ kind: 'waiting', code: 2, status: 'ING' }, 'warning'],
    [{ kind: 'invalid_id', code: 4060 }, 'warning'],
    ['paused', 'warning'],
    ['unreadable', 'failed'],
  ] as const)('of the answer %j is %s', (outcome, state) => {
    expect(states(judgeAnswer({ apiId: 'C1', outcome, durationMs: 5, aheadMs: null }))).toEqual([state])
  })

  test('of the channel of operators says what to do about each answer', () => {
    const told = { channel: 'wecom' as const, answer: { kind: 'told' as const } }
    const refused = { kind: 'refused' as const, problem: 'keyword' as const, code: '310000', said: 'keywords' }
    const now = { told: null, refused: [] }
    expect(judgeOperator(null, now, call)).toMatchObject({ state: 'warning', command: 'idface-notifier notify-test' })
    expect(states(judgeOperator('chat.example', now, call))).toEqual(['ok'])
    expect(states(judgeOperator('chat.example', { ...now, told }, call))).toEqual(['ok'])
    const [found] = [judgeOperator('chat.example', { ...now, told: { ...told, answer: refused } }, call)].flat() as [
      Finding,
    ]
    expect(states(found)).toEqual(['failed'])
    expect(found.todo?.en).toContain('keyword')
    const refusing = { since: NOW, channel: 'wecom', problem: 'key', error: 'errcode 93000' } as const
    const seen = { ...now, refused: [judgeTrouble({ code: 'operators_not_told', ...refusing }, { at: NOW, call })] }
    expect(judgeOperator('chat.example', seen, call)).toMatchObject([
      { state: 'failed', command: 'idface-notifier notify-test' },
    ])
    expect(judgeOperator('chat.example', { ...seen, told }, call)).toMatchObject({ state: 'ok' })
  })

  test('of what waits gives the command that ends it', () => {
    const at = { at: NOW, call }
    const paused = {
      code: 'account_paused',
      since: 1,
      account: 'C1',
      reason: 'frozen',
      upstreamCode: 4050,
      nextTryAt: null,
    } as const
    // Its fault is to be mended first: before that, one more bad login may freeze the account.
    expect(judgeTrouble(paused, at)).toMatchObject({ state: 'failed', command: null })
    expect(judgeTrouble({ code: 'account_paused_by_operator', since: 1, account: 'C1' }, at)).toMatchObject({
      ...{ state: 'warning', command: 'idface-notifier account resume C1' },
    })
    expect(judgeTrouble({ code: 'deliveries_held', since: 1, due: 2, isCapped: false }, at)).toMatchObject({
      ...{ state: 'warning', command: 'idface-notifier deliveries resume' },
    })
    expect(judgeTrouble({ code: 'messages_exhausted', since: null, count: 3 }, at)).toMatchObject({
      ...{ state: 'warning', todo: { en: expect.stringContaining('idface-notifier resend --partner') } },
      command: 'idface-notifier registration list --delivery exhausted',
    })
  })

  test('of backups goes by their age, and by whether the last one opens', () => {
    const judge = (ago: number | null, problem: Parameters<typeof judgeBackup>[1]['problem'] = null, bad = false) =>
      judgeBackup(
        {
          good: ago === null ? null : { at: NOW - ago, path: '/b/1.db', bytes: 9 },
          failed: null,
        },
        { failure: bad ? [judgeDisk('/d', 'NFS')] : [], problem, now: NOW, call, folder: '/backup' },
      )
    const moved = { kind: 'no_backup', path: '/b/1.db' } as const
    expect(states(judge(null))).toEqual(['warning'])
    expect(states(judge(DAY))).toEqual(['ok'])
    expect(states(judge(2 * DAY))).toEqual(['warning'])
    expect(states(judge(8 * DAY))).toEqual(['failed'])
    expect(states(judge(DAY, moved))).toEqual(['warning'])
    expect(states(judge(DAY, { kind: 'damaged', path: '/b/1.db', found: 'x' }))).toEqual(['failed'])
    expect(states(judge(DAY, null, true))).toEqual(['failed', 'ok'])
    expect(states(judge(null, null, true))).toEqual(['failed'])
  })

  test('as a whole is the worst of all', () => {
    const of = (...all: Finding[]) => worstOf(all)
    const [ok] = judgeSettings([], [])
    const skipped = judgeLitestream(null)
    expect([of(), of(skipped), of(ok as Finding, skipped), of(ok as Finding, judgeDisk('/d', 'NFS'))]).toEqual([
      ...['skipped', 'skipped', 'ok', 'failed'],
    ])
  })
})

test.each([
  ['/d/a-1.db', '/d/a-1.db'],
  ['/my data/a.db', "'/my data/a.db'"],
  ['$(id)', "'$(id)'"],
])('%s is safe in a shell as %s', (text, expected) => {
  expect(quoted(text)).toBe(expected)
})
