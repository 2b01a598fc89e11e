import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Script } from '../../../src/simulator/script.ts'
import { openScene } from '../../e2e/stage.ts'
import { runCli } from '../../support/run-cli.ts'
import { ACCOUNT } from '../../support/service.ts'

const SERIAL = '16236437872836'
const PERSONAL = { message: 'of-this-person', livingScore: '83.125', similarity: '97.375' }

interface Line {
  state: string
  text: string
  todo: string | null
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

  test.each<[string, Script | null, { code: number; states: string[]; data: object }]>([
    ['ING', { status: 'ING' }, { code: 0, states: ['ok', 'ok'], data: { askAgainInMs: 100 } }],
    [
      'a status that is in no table',
      { status: 'REVIEW' },
      { code: 0, states: ['ok', 'warning'], data: { askAgainInMs: 100 } },
    ],
    ['4061', null, { code: 0, states: ['ok', 'warning'], data: { answer: { kind: 'not_found', code: 4061 } } }],
    [
      '4060',
      { code: 4060 },
      { code: 1, states: ['ok', 'failed'], data: { answer: { kind: 'invalid_id', code: 4060 } } },
    ],
    ['405', { code: 405 }, { code: 1, states: ['ok', 'failed'], data: { askAgainInMs: null, accountWaitMs: 600_000 } }],
    [
      '40501, twice',
      { code: 40501 },
      { code: 1, states: ['ok', 'failed'], data: { answer: { kind: 'account', code: 40501, fault: 'clock' } } },
    ],
    ['429', { http: 429, retryAfter: '30' }, { code: 0, states: ['ok', 'warning'], data: { askAgainInMs: 30_000 } }],
    [
      'a web page',
      { http: 200 },
      { code: 1, states: ['ok', 'failed'], data: { answer: { kind: 'transient', cause: 'unparseable' } } },
    ],
  ])('says what the service would do with %s, after one call', async (_, script, { data, ...expected }) => {
    const { code, states, lines, data: shown } = await askLive(script)
    expect({ code, states }).toEqual(expected)
    expect(shown).toMatchObject({ ...data, again: null })
    if (!states.includes('failed') && !states.includes('warning')) return
    expect(lines[1]?.todo).toMatch(/\w/)
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
