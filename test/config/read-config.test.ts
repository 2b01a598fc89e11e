import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doubtsOf, type Environment, type Need, readConfig } from '../../src/config/read-config.ts'
import { Secret } from '../../src/core/secret.ts'
import { createLog } from '../../src/telemetry/log.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')

const problems = (env: Environment, need: Need = 'database'): string[] => {
  const result = readConfig(env, need)
  return result.ok ? [] : result.problems.map(({ setting, message }) => `${setting}: ${message.en}`)
}

const configOf = (env: Environment) => {
  const result = readConfig(env, 'database')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.config
}

describe('readConfig', () => {
  test('requires the upstream account only of those who call upstream', () => {
    expect(problems({}, 'database')).toEqual([])
    expect(problems({}, 'upstream')).toEqual([
      'IHUYI_ACCOUNT: is not set; APIID of the default upstream account.',
      'IHUYI_API_KEY: is not set; APIKEY of the default upstream account.',
    ])
    expect(problems({ IHUYI_ACCOUNT: 'C1', IHUYI_API_KEY: 'k' }, 'upstream')).toEqual([])
  })

  test('requires a master key with PostgreSQL, and none with SQLite', () => {
    const env = { DATABASE_URL: 'postgres://db/n' }
    expect(problems(env)).toEqual([expect.stringMatching(/^MASTER_KEY: is not set, and PostgreSQL requires it/)])
    expect(problems({ ...env, MASTER_KEY: KEY })).toEqual([])
    expect(problems({ ...env, MASTER_KEY: 'bad' })).toHaveLength(1)
    expect(configOf({}).storage.masterKey).toBeNull()
  })

  test.each([
    ['', ''],
    ['?sslmode=disable', '?sslmode=disable'],
    ['?sslmode=no-verify', '?sslmode=no-verify'],
    ['?application_name=x&sslmode=require', '?application_name=x&sslmode=verify-full'],
    ['?sslmode=verify-ca&sslrootcert=/c', '?sslmode=verify-full&sslrootcert=/c'],
  ])('takes a TLS mode of PostgreSQL at least as strictly as libpq: %j as %j', (given, taken) => {
    const { database } = configOf({ DATABASE_URL: `postgres://me:sslmode@db/n${given}`, MASTER_KEY: KEY }).storage
    expect(database.kind === 'postgres' && database.url.reveal()).toBe(`postgres://me:sslmode@db/n${taken}`)
  })

  test.each([
    ['https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k', 'zh'],
    ['https://oapi.dingtalk.com/robot/send?access_token=t', 'zh'],
    ['https://open.feishu.cn/open-apis/bot/v2/hook/h', 'zh'],
    ['https://open.larksuite.com/open-apis/bot/v2/hook/h', 'en'],
    ['https://hooks.slack.com/services/s', 'en'],
    ['https://alerts.example/', 'en'],
    ['', 'en'],
  ])(
    'a Chinese duty group got English notices: OPERATOR_URL=%s is told in %s, unless a language is set',
    (url, language) => {
      expect(configOf({ OPERATOR_URL: url }).operator.language).toBe(language)
      for (const set of ['en', 'zh'])
        expect(configOf({ OPERATOR_URL: url, OPERATOR_LANGUAGE: set }).operator.language).toBe(set)
    },
  )

  test('OPERATOR_SECRET has to sign webhooks where OPERATOR_URL is no robot, and is not repeated', () => {
    const env = { OPERATOR_URL: 'https://alerts.example/', OPERATOR_SECRET: 'SEC5f3a' }
    expect(problems(env)).toEqual([expect.stringMatching(/^OPERATOR_SECRET: cannot sign webhooks.*whsec_/)])
    expect(problems(env).join()).not.toContain('SEC5f3a')
    expect(problems({ ...env, OPERATOR_SECRET: `whsec_${KEY}` })).toEqual([])
    expect(problems({ ...env, OPERATOR_URL: 'https://oapi.dingtalk.com/robot/send?access_token=t' })).toEqual([])
  })

  test.each([
    ['IHUYI_ACCOUNT', '"C1"', /^IHUYI_ACCOUNT: is in quotes/],
    ['IHUYI_API_KEY', "'not-told'", /^IHUYI_API_KEY: is in quotes/],
    ['RETENTION', '"30d"', /^RETENTION: is in quotes/],
    ['IHUYI_ACCOUNT', 'your-APIID', /^IHUYI_ACCOUNT: is the placeholder/],
    ['IHUYI_API_KEY', 'your-APIKEY', /^IHUYI_API_KEY: is the placeholder/],
  ])('%s=%s was taken as it is', (name, text, says) => {
    const found = problems({ [name]: text })
    expect(found).toEqual([expect.stringMatching(says)])
    expect(found.join()).not.toContain('not-told')
  })

  test('refuses a shortest interval above the longest', () => {
    expect(problems({ POLL_MAX_INTERVAL: '4s' })).toEqual([expect.stringMatching(/^POLL_MIN_INTERVAL: is longer than/)])
    expect(problems({ POLL_MAX_INTERVAL: '5s' })).toEqual([])
  })

  test.each([
    ['CALLBACK_TIMOUT', 'CALLBACK_TIMEOUT'],
    ['POLL_MIN', 'POLL_RAMP'],
    ['IHUYI_API_KEY_FIEL', 'IHUYI_API_KEY_FILE'],
    ['CALLBACK_TIMEOUT_FILE', 'CALLBACK_TIMEOUT'],
  ])('O4: refuses the unknown %s and names %s', (unknown, nearest) => {
    expect(problems({ [unknown]: '1' })).toEqual([`${unknown}: is not a setting; did you mean ${nearest}?`])
  })

  test('takes the CALLBACK_URL that the pages for partners export', () => {
    expect(problems({ CALLBACK_URL: 'https://partner.example/hook' })).toEqual([])
  })

  test.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['NODE_DEBUG', 'http,tls'],
    ['NODE_OPTIONS', '--max-old-space-size=512 --inspect=0.0.0.0:9229'],
  ])('O8: refuses to start with %s=%s', (name, text) => {
    expect(problems({ [name]: text })).toEqual([expect.stringMatching(new RegExp(`^${name}: .*remove`))])
  })

  test('O8: refuses to start while a debugger can look in', () => {
    const readWith = (isDebugged: boolean) => readConfig({}, 'database', isDebugged)
    expect(readWith(false).ok).toBe(true)
    expect(readWith(true)).toMatchObject({
      ok: false,
      problems: [{ setting: '--inspect', message: { en: expect.stringContaining('remove --inspect') } }],
    })
  })
})

describe('a secret', () => {
  let folder: string
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(['', '\n', '\r\n'])('comes from a file that ends in %j', ending => {
    const { upstream, storage, server } = configOf({
      IHUYI_API_KEY_FILE: file('api-key', `api key?`.replace(' ', '-') + ending),
      MASTER_KEY_FILE: file('master', KEY + ending),
      ADMIN_TOKEN_FILE: file('admin', `admin-0123456789-0123456789-0123456789${ending}`),
      METRICS_TOKEN_FILE: file('metrics', `metrics${ending}`),
      DATABASE_URL_FILE: file('database', `file:x.db${ending}`),
    })
    const revealed = [upstream.apiKey, storage.masterKey, server.adminToken, server.metricsToken].map(s => s?.reveal())
    expect(revealed).toEqual(['api-key?', KEY, 'admin-0123456789-0123456789-0123456789', 'metrics'])
    expect(storage.database).toEqual({ kind: 'sqlite', path: 'x.db' })
  })

  test('must be in a file that can be read and is not empty', () => {
    const missing = join(folder, 'missing')
    const empty = file('empty', '\n')
    expect(problems({ ADMIN_TOKEN_FILE: missing, METRICS_TOKEN_FILE: empty, MASTER_KEY_FILE: folder })).toEqual([
      `MASTER_KEY_FILE: cannot read the file "${folder}" (EISDIR)`,
      `ADMIN_TOKEN_FILE: cannot read the file "${missing}" (ENOENT)`,
      `METRICS_TOKEN_FILE: the file "${empty}" is empty`,
    ])
  })

  const CANARY = 'canary-0123456789-0123456789-0123456789'
  const secrets = {
    DATABASE_URL: `postgres://user:${CANARY}@db/n`,
    MASTER_KEY: KEY,
    ADMIN_TOKEN: CANARY,
    METRICS_TOKEN: CANARY,
    IHUYI_API_KEY: CANARY,
    CALLBACK_PROXY: `http://user:${CANARY}@proxy.internal`,
  }

  test('cannot be printed by accident', () => {
    const config = configOf(secrets)
    const lines: string[] = []
    const log = createLog({ level: 'trace', destination: { write: line => lines.push(line) }, now: Date.now })
    const { database } = config.storage
    const fields = { config, ...config.server, found: config.upstream.apiKey, database }
    log({ name: 'config.read', level: 'info', fields })
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${config.upstream.apiKey}${config.storage.masterKey}${config.server.adminToken}${config.callback.proxy}`,
      ...lines,
    ].join('\n')
    expect(lines).toHaveLength(1)
    expect(config.server.adminToken).toBeInstanceOf(Secret)
    expect(printed).toContain('[redacted]')
    expect(printed).not.toContain(CANARY)
    expect(printed).not.toContain(KEY)
  })

  test('is in no error, however wrong it is', () => {
    const spoilt = Object.fromEntries(Object.entries(secrets).map(([name, text]) => [name, `\u0001:${text} `]))
    const printed = problems({ ...spoilt, IHUYI_URL: `https://user:${CANARY}@ihuyi.example/x` })
    expect(printed).toHaveLength(7)
    expect(printed.join('\n')).not.toContain(CANARY)
    expect(printed.join('\n')).not.toContain(KEY)
  })
})

describe('a setting that is valid and hardly meant', () => {
  const DINGTALK = 'https://oapi.dingtalk.com/robot/send?access_token=x'
  test.each([
    [{}, []],
    [{ RETENTION: '1d', REGISTRATION_TTL: '1m', METRICS_TOKEN: 'a'.repeat(16) }, []],
    [{ RETENTION: '23h' }, ['RETENTION']],
    [{ REGISTRATION_TTL: '59s', METRICS_TOKEN: 'a' }, ['REGISTRATION_TTL', 'METRICS_TOKEN']],
    [{ OPERATOR_URL: DINGTALK, OPERATOR_SECRET: `whsec_${KEY}` }, ['OPERATOR_SECRET']],
    [{ OPERATOR_URL: DINGTALK, OPERATOR_SECRET: 'SEC1' }, []],
    [{ OPERATOR_DAILY: '09:00' }, ['OPERATOR_DAILY']],
    [{ OPERATOR_DAILY: '09:00', OPERATOR_URL: DINGTALK }, []],
    [{ OPERATOR_URL: 'https://hooks.example/', OPERATOR_SECRET: `whsec_${KEY}` }, []],
  ])('of %j is %j', (env, named) => {
    expect([...doubtsOf(configOf(env))].map(({ setting }) => setting)).toEqual(named)
  })
})
