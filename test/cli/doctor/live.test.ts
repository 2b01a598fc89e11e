import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Script } from '../../../src/simulator/script.ts'
import { openScene, openStage } from '../../e2e/stage.ts'
import { runCli } from '../../support/run-cli.ts'
import { ACCOUNT, OTHER_ACCOUNT } from '../../support/service.ts'

const SERIAL = '16236437872836'
const PERSONAL = { message: 'of-this-person', livingScore: '83.125', similarity: '97.375' }

interface Line {
  state: string
  text: string
  todo: string | null
  command: string | null
  data?: Record<string, unknown> & { answer: object; again: object | null }
}

/** Before any service has run: there is a key, and nothing else. */
const askLive = async (script: Script | null, more: Record<string, string> = {}) => {
  await using scene = await openScene()
  const { upstream, folder, env } = scene
  if (script) upstream.script(SERIAL, script)
  const at = { cwd: folder, env: { ...env, ...more } }
  const { code, stdout, stderr } = await runCli(['doctor', '--json', '--only', 'upstream', '--live', SERIAL], at)
  expect({ stderr, files: readdirSync(folder) }).toEqual({ stderr: '', files: [] })
  expect(stdout).not.toContain(ACCOUNT.apiKey)
  const lines = (JSON.parse(stdout) as { checks: Line[] }).checks
  return { code, stdout, lines, states: lines.map(({ state }) => state), data: lines[0]?.data, calls: upstream.calls }
}

const verdict = {
  kind: 'verdict',
  code: 2,
  status: 'FAIL',
  messageLength: 14,
  livingScoreLength: 6,
  similarityLength: 6,
}

describe('doctor --live', () => {
  test('shows a verdict by its lengths alone, and that a second call says the same', async () => {
    const { code, stdout, states, data, calls } = await askLive({ ...PERSONAL, status: 'FAIL' })
    expect({ code, states }).toEqual({ code: 0, states: ['ok', 'ok', 'ok'] })
    expect(data).toMatchObject({ account: ACCOUNT.apiId, idcardid: SERIAL, method: 'POST', passwordMode: 'dynamic' })
    expect(data).toMatchObject({ answer: verdict, again: verdict, askAgainInMs: null, accountWaitMs: null })
    expect(Math.abs(Number(data?.clockAheadMs))).toBeLessThan(3_000)
    for (const text of Object.values(PERSONAL)) expect(stdout).not.toContain(text)
    expect(calls.map(({ idcardid }) => idcardid)).toEqual([SERIAL, SERIAL])
  })

  test.each<[string, Script]>([
    ['served once', { steps: [{ status: 'SUCCESS' }], code: 4061 }],
    ['changed', { steps: [{ status: 'SUCCESS' }], status: 'FAIL' }],
    ['told in other words', { steps: [{ similarity: '91' }], similarity: '92' }],
  ])('warns of a verdict that is %s', async (_, script) => {
    const { code, states } = await askLive(script)
    expect({ code, states }).toEqual({ code: 0, states: ['ok', 'ok', 'warning'] })
  })

  test.each<[string, Script]>([
    ['times out', { steps: [{ status: 'SUCCESS' }], fault: 'hang' }],
    ['is cut off', { steps: [{ status: 'SUCCESS' }], fault: 'reset' }],
    ['comes too soon', { steps: [{ status: 'SUCCESS' }], http: 429 }],
  ])('takes a second call that %s for no other answer', async (_, script) => {
    const { code, states, calls } = await askLive(script)
    expect({ code, states }).toEqual({ code: 0, states: ['ok', 'ok', 'skipped'] })
    expect(calls).toHaveLength(2)
  })

  test.each<[string, Script | null, { code: number; states: string[]; data: object }]>([
    ['ING', { status: 'ING' }, { code: 0, states: ['ok', 'ok'], data: { askAgainInMs: 100 } }],
    [
      'a status that is in no table',
      { status: 'REVIEW' },
      { code: 0, states: ['warning', 'warning'], data: { askAgainInMs: 100 } },
    ],
    ['4061', null, { code: 0, states: ['warning', 'warning'], data: { answer: { kind: 'not_found', code: 4061 } } }],
    [
      '4060',
      { code: 4060 },
      { code: 1, states: ['failed', 'failed'], data: { answer: { kind: 'invalid_id', code: 4060 } } },
    ],
    [
      '405',
      { code: 405 },
      { code: 1, states: ['failed', 'failed'], data: { askAgainInMs: null, accountWaitMs: 600_000 } },
    ],
    [
      '40501, twice',
      { code: 40501 },
      { code: 1, states: ['failed', 'failed'], data: { answer: { kind: 'account', code: 40501, fault: 'clock' } } },
    ],
    [
      '429',
      { http: 429, retryAfter: '30' },
      { code: 0, states: ['warning', 'warning'], data: { askAgainInMs: 30_000 } },
    ],
    [
      'a web page',
      { http: 200 },
      { code: 1, states: ['failed', 'failed'], data: { answer: { kind: 'transient', cause: 'unparseable' } } },
    ],
  ])('says what the service would do with %s, after one call', async (_, script, { data, ...expected }) => {
    const { code, states, lines, data: shown } = await askLive(script)
    expect({ code, states }).toEqual(expected)
    expect(shown).toMatchObject({ ...data, again: null })
    expect(lines[0]?.todo).toBeNull()
    if (!states.includes('failed') && !states.includes('warning')) return
    expect(lines[1]?.todo).toMatch(/\w/)
  })

  test('begins with what GetResult accepts', async () => {
    const first = async (script: Script) => (await askLive(script)).lines[0]?.text
    expect(await first({ status: 'ING' })).toMatch(/^GetResult accepts the key/)
    expect(await first({ code: 400 })).not.toContain('accepts')
  })

  test('names the end that comes first where GetResult does not know the serial', async () => {
    const end = async (more: Record<string, string>) => (await askLive(null, more)).lines[1]?.text
    expect(await end({})).toContain('unresolved (not_found)')
    expect(await end({ REGISTRATION_TTL: '5s' })).toContain('unresolved (expired) after 5 s')
  })

  test.each<[string, Script, RegExp]>([
    ['a wrong key', { code: 405 }, /^correct IHUYI_API_KEY .*\.env/],
    ['a password that is refused', { code: 40502 }, /^correct IHUYI_API_KEY .*\.env/],
    ['a web page', { http: 200 }, /IHUYI_URL/],
    ['404', { http: 404 }, /IHUYI_URL/],
    ['a lost connection', { fault: 'reset' }, /network/],
    ['an unknown code', { code: 999 }, /vendor.* 999/],
  ])('says what to do about %s', async (_, script, todo) => {
    expect((await askLive(script)).lines[1]?.todo).toMatch(todo)
  })

  test('shows marks that hide or turn text by their numbers', async () => {
    const { stdout } = await askLive({ status: 'RE\u202eVIEW\u200b' })
    expect(stdout).not.toMatch(/\p{Cf}/u)
    expect(stdout).toContain('202e')
  })

  test('asks nobody about a serial that is registered, in any spelling, or that stands for a check of its own', async () => {
    await using stage = await openStage()
    const { upstream, folder, env, api, receiver } = stage
    upstream.script('0777001', { status: 'ING' })
    await api.register({ idcardid: '0777001', callbackUrl: receiver.urlFor('/hook') })
    await stage.service.stop()
    const asked = upstream.calls.length
    const ask = async (serial: string) => {
      const { stdout, code } = await runCli(['doctor', '--json', '--live', serial], { cwd: folder, env })
      const lines = (JSON.parse(stdout) as { checks: (Line & { name: string })[] }).checks
      return { code, found: lines.filter(({ name }) => name === 'upstream') }
    }
    for (const serial of ['0777001', '777001', '00777001x'])
      expect(await ask(serial)).toMatchObject({
        ...{ code: 1, found: [{ state: 'failed', command: 'idface-notifier explain 0777001' }] },
      })
    expect(await ask('test_success')).toMatchObject({ code: 1, found: [{ state: 'failed' }] })
    expect(upstream.calls).toHaveLength(asked)
    expect((await ask('777002')).found).toMatchObject([{ state: 'warning' }, { state: 'warning' }])
    expect(upstream.calls.slice(asked).map(({ idcardid }) => idcardid)).toEqual(['777002'])
  })

  test('asks nobody where a database is there that cannot be read, or the settings cannot be', async () => {
    await using scene = await openScene()
    const { folder, upstream } = scene
    writeFileSync(join(folder, 'notifier.db'), 'something else, longer than the head of a database'.repeat(9))
    for (const env of [scene.env, { ...scene.env, POLL_INTERVAL: '1s' }]) {
      const { code, stdout } = await runCli(['doctor', '--json', '--only', 'upstream', '--live', SERIAL], {
        ...{ cwd: folder, env },
      })
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 1, checks: [{ state: 'failed' }] })
    }
    expect(upstream.calls).toEqual([])
  })

  test('asks with the account of the settings alone, or with the default one that the database has', async () => {
    await using stage = await openStage()
    const { upstream, folder, env, admin } = stage
    const { apiId: account, apiKey } = OTHER_ACCOUNT
    await admin.call('POST', '/v1/admin/accounts', { account, apiKey })
    await stage.service.stop()
    for (const more of [{}, { IHUYI_ACCOUNT: '', IHUYI_API_KEY: '' }]) {
      const before = upstream.calls.length
      await runCli(['doctor', '--json', '--live', SERIAL], { cwd: folder, env: { ...env, ...more } })
      expect(upstream.calls.slice(before)).toMatchObject([{ apiId: ACCOUNT.apiId, idcardid: SERIAL }])
    }
  })

  test('needs an account, and the check that asks', async () => {
    const { code, states } = await askLive(null, { IHUYI_ACCOUNT: '', IHUYI_API_KEY: '' })
    expect({ code, states }).toEqual({ code: 1, states: ['failed'] })
    await using scene = await openScene()
    const at = { cwd: scene.folder, env: scene.env }
    for (const args of [['--offline'], ['--only', 'dns']])
      expect(await runCli(['doctor', '--live', SERIAL, ...args], at)).toMatchObject({ code: 2, stdout: '' })
    expect(await runCli(['doctor', '--live', '0'], at)).toMatchObject({ code: 2, stdout: '' })
    expect(scene.upstream.calls).toEqual([])
  })

  test('speaks Chinese', async () => {
    await using scene = await openScene()
    scene.upstream.script(SERIAL, { status: 'ING' })
    const at = { cwd: scene.folder, env: scene.env }
    const { stdout } = await runCli(['doctor', '--live', SERIAL, '--only', 'upstream', '--lang', 'zh'], at)
    expect(stdout).toMatch(
      /^正常 {2}upstream .*查询 16236437872836，POST，dynamic 密码：kind waiting, code 2, status ING；/,
    )
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
  })
})
