import { describe, expect, test } from 'vitest'
import {
  judgeBackup,
  judgeDamage,
  judgeKey,
  judgeSchema,
  judgeTrouble,
  writeErrorOf,
} from '../../../src/cli/doctor/database.ts'
import { judgeBroken } from '../../../src/cli/doctor/doctor.ts'
import type { DoctorFacts } from '../../../src/cli/doctor/facts.ts'
import { type Finding, quoted } from '../../../src/cli/doctor/finding.ts'
import { checkSettings, judgeFiles, judgeSpace, judgeVersions } from '../../../src/cli/doctor/local.ts'
import { checkOperator, judgeAnswer, judgeClock, judgeOperator } from '../../../src/cli/doctor/network.ts'
import { judgeLocks, judgeServer, judgeTransactions } from '../../../src/cli/doctor/postgres.ts'
import { readConfig } from '../../../src/config/read-config.ts'
import { Secret } from '../../../src/core/secret.ts'
import { unavailableBy } from '../../../src/store/unavailable.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 26, 12)

/** Every text is there in both languages, and a finding to act on says what to do. */
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
const commands = (found: readonly Finding[]) => found.map(({ todo }) => todo?.command ?? null)

describe('a judgement', () => {
  test('of settings names each that is wrong', () => {
    expect(states(checkSettings({ problems: [], config: null }))).toEqual(['ok'])
    const problems = [{ setting: 'PORTT', message: { en: 'is not a setting', zh: '没有这个配置项' } }]
    const read = readConfig({ RETENTION: '30m' }, 'database')
    const found = checkSettings({ problems, config: read.ok ? read.config : null })
    expect(states(found)).toEqual(['failed', 'warning'])
    expect(found[0]?.text.en).toContain('PORTT')
    expect(found[1]?.text.en).toContain('RETENTION')
  })

  test.each([
    ['3.54.1', 'ok'],
    ['3.51.3', 'ok'],
    ['3.51.2', 'failed'],
  ])('of SQLite %s is %s', (sqlite, state) => {
    expect(states(judgeVersions(sqlite))).toEqual([state])
  })

  test('of files says who can use them, and the command that mends it', () => {
    const file = (name: string, uid = 7, mode = 0o100600) => ({ path: `/d/${name}`, uid, mode })
    expect(judgeFiles([file('a.db'), file('a.db-wal')], 7)).toEqual([])
    const open = judgeFiles([file("it's.db", 7, 0o100644)], 7)
    expect(states(open)).toEqual(['failed'])
    expect(commands(open)).toEqual([`chmod 600 '/d/it'\\''s.db'`])
    expect(states(judgeFiles([file('a.db', 8)], 7))).toEqual(['failed'])
    expect(judgeFiles([file('a.db', 8)], 0)).toEqual([])
  })

  test('of space', () => {
    const space = (free: number, used: number) => states(judgeSpace({ free, used, folder: '/d' }))
    expect([space(2e9, 1e9), space(2e9, 3e9), space(1e8, 1)].flat()).toEqual(['ok', 'warning', 'failed'])
  })

  test('of space for 164 kB said that 865 MB are too little for a backup of it', () => {
    const { en, zh } = judgeSpace({ free: 865e6, used: 164e3, folder: '/d' }).text
    expect([en, zh].join()).not.toMatch(/backup|备份/)
    const short = judgeSpace({ free: 865e6, used: 3e9, folder: '/d' }).text
    expect([short.en, short.zh]).toEqual([expect.stringContaining('backup'), expect.stringContaining('备份')])
  })

  test('of a database that cannot be written says why', () => {
    const engine = (diskFreeBytes: number | null) =>
      ({ kind: 'sqlite', path: null, databaseBytes: 1, walBytes: 1, diskFreeBytes, masterKey: '' }) as const
    expect([null, 1e9, 0].map(free => writeErrorOf(engine(free), false))).toEqual([null, null, 'SQLITE_FULL'])
    expect(writeErrorOf(engine(1e9), true)).toBe('SQLITE_BUSY')
  })

  test('of file, schema and key', () => {
    expect(states(judgeDamage(null, 'quick_check'))).toEqual(['ok'])
    expect(states(judgeDamage('row 3 missing from index', 'integrity_check'))).toEqual(['failed'])
    expect(judgeSchema('current').state).toBe('ok')
    expect(judgeSchema('later').state).toBe('failed')
    expect(judgeSchema('older')).toMatchObject({ state: 'warning', todo: { command: 'idface-notifier migrate' } })
    const fingerprint = 'b5166acf'
    const found = [true, false].map(opens => judgeKey('MASTER_KEY', { opens, fingerprint }))
    expect(states(found)).toEqual(['ok', 'failed'])
    for (const { text } of found) for (const words of [text.en, text.zh]) expect(words).toContain(fingerprint)
    expect(states(judgeKey(null, { opens: false, fingerprint }))).toEqual(['failed'])
  })

  test.each([
    [null, 'skipped'],
    [800, 'ok'],
    [-90_000, 'failed'],
  ])('of a clock that is off by %s is %s', (aheadMs, state) => {
    expect(states(judgeClock(aheadMs, NOW))).toEqual([state])
  })

  test.each([
    [{ kind: 'not_found', code: 4061 }, 'ok'],
    [{ kind: 'account', code: 405, fault: 'credentials_wrong' }, 'failed'],
    [{ kind: 'transient', code: null, cause: 'unreachable', detail: 'ECONNREFUSED' }, 'failed'],
    [{ kind: 'transient', code: 0, cause: 'upstream_error' }, 'failed'],
    [{ kind: 'throttled', code: null, retryAfterMs: null }, 'warning'],
    [{ kind: 'invalid_id', code: 4060 }, 'warning'],
    ['paused', 'warning'],
    ['unreadable', 'failed'],
  ] as const)('of the answer %j is %s', (outcome, state) => {
    const found = judgeAnswer({ apiId: 'C1', outcome, durationMs: 5 })
    expect(states(found)).toEqual([state])
    expect(found.todo?.command ?? null).toBe(outcome === 'paused' ? 'idface-notifier doctor --only work' : null)
  })

  test('of the channel of operators says what to do about each answer', () => {
    const told = { channel: 'wecom' as const, answer: { kind: 'told' as const } }
    const refused = { kind: 'refused' as const, problem: 'keyword' as const, code: '310000', detail: 'keywords' }
    expect(judgeOperator(null, null)).toMatchObject({
      state: 'warning',
      todo: { command: 'idface-notifier notify-test' },
    })
    expect(states(judgeOperator('chat.example', null))).toEqual(['ok'])
    expect(states(judgeOperator('chat.example', told))).toEqual(['ok'])
    const found = judgeOperator('chat.example', { ...told, answer: refused })
    expect(states(found)).toEqual(['failed'])
    expect(found.todo?.en).toContain('keyword')
  })

  test('of the channel was well while it refused all that it was sent, which status said', async () => {
    const refusing = { since: NOW, channel: 'wecom', problem: 'key', error: 'errcode 93000' } as const
    const inspection = { age: async () => 'current', stats: async () => ({ refusingChannel: refusing }) }
    const config = { operator: { url: new Secret('https://chat.example/key'), secret: null, language: 'en' } }
    const found = await checkOperator({
      config,
      inspection,
      deep: false,
      offline: true,
      now: NOW,
    } as unknown as DoctorFacts)
    expect(states(found)).toEqual(['failed'])
    expect(found).toEqual(judgeTrouble({ code: 'operators_not_told', ...refusing }, { at: NOW }))
  })

  test('of a check that broke says what to do too, by what the database says', () => {
    for (const error of [unavailableBy('25006', 'read_only'), new Error('odd'), 'odd'])
      expect(states(judgeBroken(error))).toEqual(['failed'])
    expect(judgeBroken(unavailableBy('25006', 'read_only')).todo?.en).toContain('standby')
  })

  test('of work gives the command that ends it, and fails without a service once something is due', () => {
    const at = { at: NOW }
    expect(judgeTrouble({ code: 'account_paused_by_operator', since: 1, account: 'C1' }, at)).toMatchObject({
      ...{ state: 'warning', todo: { command: 'idface-notifier account resume C1' } },
    })
    expect(judgeTrouble({ code: 'messages_exhausted', since: null, count: 3, isCapped: false }, at)).toMatchObject({
      ...{ state: 'warning', todo: { command: 'idface-notifier registration list --delivery exhausted' } },
    })
    const alone = (due: number) => states(judgeTrouble({ code: 'no_service', since: null }, { ...at, due }))
    expect([alone(0), alone(3)]).toEqual([['warning'], ['failed']])
  })

  test('of backups goes by their age, and by whether the last one opens', () => {
    const judge = (ago: number | null, problem: Parameters<typeof judgeBackup>[1]['problem'] = null) =>
      states(
        judgeBackup(
          { good: ago === null ? null : { at: NOW - ago, path: '/b/1.db', bytes: 9 }, failed: null },
          { problem, now: NOW, make: 'backup' },
        ),
      )[0]
    expect([judge(null), judge(1.5 * DAY), judge(1.6 * DAY)]).toEqual(['warning', 'ok', 'warning'])
    const words = { en: 'so', zh: '如此' }
    expect(judge(DAY, { fault: 'missing', words })).toBe('warning')
    expect(judge(DAY, { fault: 'damaged', words })).toBe('failed')
  })
})

describe('of PostgreSQL, a judgement', () => {
  const server = {
    ...{ version: '18.1', user: 'notifier', off: [], seesOthers: true },
    ...{ isReadOnly: false, isPooled: false, receivesNotifications: true },
  }
  const session = { name: 'bob (psql, pid 77)', endsWith: 'SELECT pg_terminate_backend(77)', isInTheWay: false }

  test('of the server', () => {
    expect(states(judgeServer(server))).toEqual(['ok'])
    expect(states(judgeServer({ ...server, isPooled: true, receivesNotifications: false }))).toEqual(['warning'])
    const off = judgeServer({ ...server, off: ['autovacuum', 'fsync'], isReadOnly: true })
    expect(states(off)).toEqual(['failed', 'failed', 'failed'])
    expect(commands(off)[1]).toBe(`psql -c 'ALTER SYSTEM SET fsync = on' -c 'SELECT pg_reload_conf()'`)
  })

  test('of transactions gives the statement that ends it', () => {
    expect(states(judgeTransactions([{ ...session, openMs: MINUTE }], server))).toEqual(['ok'])
    const long = judgeTransactions([{ ...session, openMs: 11 * MINUTE }], server)
    expect(states(long)).toEqual(['warning'])
    expect(commands(long)).toEqual([`psql -c 'SELECT pg_terminate_backend(77)'`])
    expect(states(judgeTransactions([], { ...server, seesOthers: false }))).toEqual(['warning'])
  })

  test('of locks fails where others wait', () => {
    expect(states(judgeLocks([{ ...session, openMs: 500 }]))).toEqual(['ok'])
    const held = [
      { ...session, openMs: MINUTE, isInTheWay: true },
      { ...session, openMs: null },
    ]
    expect(states(judgeLocks(held))).toEqual(['failed', 'warning'])
  })
})

test.each([
  ['/d/a-1.db', '/d/a-1.db'],
  ['/my data/a.db', "'/my data/a.db'"],
  ['$(id)', "'$(id)'"],
])('%s is safe in a shell as %s', (text, expected) => {
  expect(quoted(text)).toBe(expected)
})
