import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { settingGroups } from '../../src/config/settings.ts'
import { Secret } from '../../src/core/secret.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')

const read = (env: Record<string, string>) => readConfig(env, 'database')

const settled = (name: string, text?: string): unknown => {
  const result = read(text === undefined ? {} : { MASTER_KEY: KEY, [name]: text })
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const groups: Record<string, Record<string, unknown>> = result.config
  const [groupName, key] = settingGroups.flatMap(([group, { settings }]) =>
    Object.entries(settings).flatMap(([entry, setting]) => (setting.name === name ? [group, entry] : [])),
  )
  const value = groups[groupName ?? '']?.[key ?? '']
  return value instanceof Secret ? value.reveal() : value
}

const S = 1_000
const M = 60 * S
const H = 60 * M
const D = 24 * H

const DEFAULTS: Record<string, unknown> = {
  DATABASE_URL: { kind: 'sqlite', path: 'data/notifier.db' },
  MASTER_KEY: null,
  MASTER_KEY_PREVIOUS: null,
  RETENTION: 30 * D,
  ROLES: ['api', 'poll', 'deliver'],
  HOST: '127.0.0.1',
  PORT: 8080,
  API_RATE: 200,
  REGISTRATION_RATE: 200,
  TRUST_PROXY: [],
  ADMIN_TOKEN: null,
  METRICS_TOKEN: null,
  CONSOLE_LABEL: null,
  IHUYI_ACCOUNT: null,
  IHUYI_API_KEY: null,
  IHUYI_PASSWORD_MODE: 'dynamic',
  IHUYI_URL: 'https://api.ihuyi.com/idcard/idface/GetResult.json',
  IHUYI_METHOD: 'POST',
  UPSTREAM_RATE: 5,
  UPSTREAM_CONCURRENCY: 4,
  UPSTREAM_TIMEOUT: 10 * S,
  SANDBOX: false,
  CALLBACK_SOURCES: [],
  POLL_MIN_INTERVAL: 5 * S,
  POLL_MAX_INTERVAL: 3600 * S,
  POLL_RAMP: 120 * S,
  REGISTRATION_TTL: 24 * H,
  SETTLE_MARGIN: 10 * M,
  NOT_FOUND_GRACE: 2 * H,
  RETRY_SCHEDULE: [5 * S, 5 * M, 30 * M, 2 * H, 5 * H, 10 * H, 14 * H, 20 * H, 24 * H],
  CALLBACK_TIMEOUT: 15 * S,
  CALLBACK_CONCURRENCY: 256,
  CALLBACK_CONCURRENCY_PER_HOST: 16,
  CALLBACK_ALLOW_HTTP: false,
  CALLBACK_ALLOW_NETWORKS: [],
  CALLBACK_PROXY: null,
  OPERATOR_URL: null,
  OPERATOR_SECRET: null,
  OPERATOR_LANGUAGE: 'en',
  OPERATOR_DAILY: null,
  CONSOLE_URL: null,
  LOG_LEVEL: 'info',
  OTEL_EXPORTER_OTLP_ENDPOINT: null,
}

const GOOD: readonly [name: string, text: string, value: unknown][] = [
  ['DATABASE_URL', 'file:/var/lib/notifier.db', { kind: 'sqlite', path: '/var/lib/notifier.db' }],
  ['DATABASE_URL', 'postgres://u:p@db/n', { kind: 'postgres', url: new Secret('postgres://u:p@db/n') }],
  ['MASTER_KEY', KEY, KEY],
  ['ROLES', 'deliver, api', ['api', 'deliver']],
  ['HOST', '::1', '::1'],
  ['PORT', '65535', 65_535],
  ['TRUST_PROXY', '0.0.0.0/0', [{ address: '0.0.0.0', prefix: 0, family: 'ipv4' }]],
  ['CALLBACK_SOURCES', '203.0.113.7, 2001:db8::/64', ['203.0.113.7', '2001:db8::/64']],
  ['ADMIN_TOKEN', 'thirty-two-letters-and-numbers-2', 'thirty-two-letters-and-numbers-2'],
  ['IHUYI_API_KEY', 'a$b%c', 'a$b%c'],
  ['IHUYI_URL', 'http://127.0.0.1:8100/x', 'http://127.0.0.1:8100/x'],
  ['UPSTREAM_RATE', '0.5', 0.5],
  ['SANDBOX', 'true', true],
  ['REGISTRATION_TTL', '400d', 400 * D],
  ['RETRY_SCHEDULE', '1s, 2m,30d', [S, 2 * M, 30 * D]],
  [
    'CALLBACK_ALLOW_NETWORKS',
    '127.0.0.0/8, ::1/128',
    [
      { address: '127.0.0.0', prefix: 8, family: 'ipv4' },
      { address: '::1', prefix: 128, family: 'ipv6' },
    ],
  ],
  ['CALLBACK_PROXY', 'http://user:pw@proxy.internal:3128', 'http://user:pw@proxy.internal:3128/'],
  ['CONSOLE_LABEL', '测试 staging', '测试 staging'],
  [
    'OPERATOR_URL',
    'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k',
    'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k',
  ],
  ['OPERATOR_DAILY', '09:00', '09:00'],
  ['CONSOLE_URL', 'HTTPS://notifier.example/idface/console/', 'https://notifier.example/idface/console'],
  ['CONSOLE_URL', 'http://[::1]:8080/console', 'http://[::1]:8080/console'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://otlp.example/base/', 'https://otlp.example/base'],
]

/** Values that no number, duration, word, URL or network accepts. */
const NONSENSE = ['-1', '1e9', ' ', '0x10']
const NAMES = ['UPSTREAM_RATE', 'CALLBACK_CONCURRENCY', 'PORT', 'CALLBACK_TIMEOUT', 'RETRY_SCHEDULE', 'IHUYI_METHOD']
const MORE_NAMES = ['IHUYI_URL', 'CALLBACK_ALLOW_HTTP', 'DATABASE_URL', 'MASTER_KEY', 'CALLBACK_PROXY', 'TRUST_PROXY']

const BAD: readonly [name: string, text: string][] = [
  ...[...NAMES, ...MORE_NAMES].flatMap(name => NONSENSE.map((text): [string, string] => [name, text])),
  ...['15', '1.5s', '15 s', '5S', '1w', '0s', '999999999d'].map((text): [string, string] => ['CALLBACK_TIMEOUT', text]),
  ['DATABASE_URL', 'mysql://db/n'],
  ['DATABASE_URL', 'file://host/notifier.db'],
  ['DATABASE_URL', 'file:a.db?mode=ro'],
  ['MASTER_KEY', Buffer.alloc(31).toString('base64')],
  ['ROLES', 'api,console'],
  ['HOST', '127.0.0.1:8080'],
  ['PORT', '65536'],
  ['TRUST_PROXY', '10.0.0.1'],
  ['CALLBACK_SOURCES', '203.0.113.7/33'],
  ['ADMIN_TOKEN', 'thirty-one-letters-and-numbers2'],
  ['IHUYI_ACCOUNT', 'C1 2'],
  ['IHUYI_API_KEY', 'two\nlines'],
  ['IHUYI_URL', 'http://api.ihuyi.com/x'],
  ['IHUYI_URL', 'http://127.0.0.1.evil.example/x'],
  ['IHUYI_URL', 'https://user:pw@api.ihuyi.com/x'],
  ['UPSTREAM_RATE', '100000.5'],
  ['UPSTREAM_TIMEOUT', '26s'],
  ['POLL_MIN_INTERVAL', '3601s'],
  ['RETRY_SCHEDULE', '5s,,5m'],
  ['RETRY_SCHEDULE', Array(51).fill('1s').join()],
  ['CALLBACK_TIMEOUT', '46s'],
  ['CALLBACK_ALLOW_NETWORKS', 'fe80::1%lo/64'],
  ['CALLBACK_ALLOW_NETWORKS', '0.0.0.0/0'],
  ['CALLBACK_ALLOW_NETWORKS', '::/0'],
  ['CALLBACK_ALLOW_NETWORKS', '::ffff:0:0/96'],
  ['CALLBACK_PROXY', 'socks5://proxy.internal:1080'],
  ['CONSOLE_LABEL', 'x'.repeat(41)],
  ['CONSOLE_LABEL', 'staging\u202e'],
  ['CALLBACK_PROXY', 'http://user:50%@proxy.internal:3128'],
  ['CALLBACK_PROXY', 'http://us%3Aer:pw@proxy.internal:3128'],
  ['OPERATOR_URL', 'http://oapi.dingtalk.com/robot/send?access_token=t'],
  ['OPERATOR_URL', 'https://user:pw@alerts.example/'],
  ['OPERATOR_DAILY', '24:00'],
  ['OPERATOR_DAILY', '9:00'],
  ['CONSOLE_URL', 'notifier.example/console'],
  ['CONSOLE_URL', 'https://notifier.example'],
  ['CONSOLE_URL', 'https://notifier.example/console?lang=zh'],
  ['CONSOLE_URL', 'https://notifier.example/console#urls'],
  ['CONSOLE_URL', 'https://user:pw@notifier.example/console'],
  ['CONSOLE_URL', 'https://notifier.example/a(b)/console'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://user:pw@otlp.example'],
]

describe('the settings', () => {
  test('have exactly the names of the contract', () => {
    const names = settingGroups.flatMap(([, { settings }]) => Object.values(settings).map(({ name }) => name))
    expect(names.toSorted()).toEqual(Object.keys(DEFAULTS).toSorted())
  })

  test.each(Object.entries(DEFAULTS))('%s has its documented default', (name, value) => {
    expect(settled(name)).toEqual(value)
  })

  test.each(GOOD)('%s takes %j', (name, text, value) => {
    expect(settled(name, text)).toEqual(value)
  })

  test.each(BAD)('O4: %s refuses %j', (name, text) => {
    const result = read({ MASTER_KEY: KEY, [name]: text })
    const message = { en: expect.stringMatching(/\w/), zh: expect.stringMatching(/\p{Script=Han}/u) }
    expect(result).toEqual({ ok: false, problems: [{ setting: name, message }] })
  })
})
