import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { afterAll, describe, expect, test } from 'vitest'
import { runDemo } from '../../src/cli/demo/run.ts'
import type { Scene } from '../../src/cli/demo/scenes.ts'
import { openStage } from '../../src/cli/demo/stage.ts'
import { tableColumnsOf } from '../../src/cli/output.ts'

const root = join(import.meta.dirname, '../..')
const children = new Set<ChildProcess>()
const folders: string[] = []

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'demo-test-'))
  folders.push(folder)
  return folder
}

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Runs the command. Its temporary folder is made in `folder`; `printed` resolves as soon as the output has the text. */
const start = (args: string[], env: Record<string, string> = {}) => {
  const folder = newFolder()
  const child = spawn(process.execPath, ['src/bin.js', 'demo', ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, TMPDIR: folder, ...env },
  })
  children.add(child)
  let text = ''
  const looks = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part
      for (const look of looks) look()
    })
  const printed = (wanted: string) =>
    new Promise<string>(resolve => {
      const look = () => {
        if (text.includes(wanted)) resolve(text)
      }
      looks.add(look)
      look()
    })
  const ended = new Promise<{ code: number | null; lines: string[]; left: string[] }>(resolve => {
    child.once('close', code => {
      children.delete(child)
      resolve({ code, lines: text.split('\n'), left: readdirSync(folder) })
    })
  })
  return { child, printed, ended }
}

describe.concurrent('demo', () => {
  test('ends with 0 when all four webhooks were received and verified, and leaves nothing behind', async () => {
    const { code, lines, left } = await start([]).ended
    const text = lines.join('\n')
    // On a busy machine an attempt may take too long, and another comes.
    const [, attempts] = /4 registered, 4 webhooks received and verified \(in (\d+) attempts\)/.exec(text) ?? []
    expect(Number(attempts)).toBeGreaterThanOrEqual(6)
    expect(text).toMatch(/demo-retry +idface\.succeeded, attempt [3-9]: verified → 200/)
    expect(text).toMatch(/demo-unknown +idface\.unresolved, attempt \d: verified → 200/)
    expect(text).not.toContain('\u001b')
    expect(lines.filter(line => tableColumnsOf(line) >= 100)).toEqual([])
    expect(code).toBe(0)
    expect(left).toEqual([])
  })

  test('with --keep takes more registrations, and ends with 0 on Ctrl-C', async () => {
    const { child, printed, ended } = start(['--keep', '--lang', 'zh'], { LANG: 'en_US.UTF-8' })
    const text = await printed('test_notfound')
    const [, url = '', key = ''] = /export NOTIFIER_URL=(\S+)\n +export API_KEY=(\S+)/.exec(text) ?? []
    const [body = ''] = /{"idcardid".+}/.exec(text) ?? []
    const dispatcher = new Agent()
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const { statusCode } = await request(`${url}/v1/registrations`, {
      method: 'POST',
      dispatcher,
      headers,
      body: body.replace('test_success_3s', 'test_fail'),
    })
    expect(statusCode).toBe(201)
    await printed('test_fail     idface.failed')
    const [, console = '', token = ''] = /(http\S+\/console\/)\n +(\S+)/.exec(text) ?? []
    const form = new URLSearchParams({ token }).toString()
    const signIn = { 'content-type': 'application/x-www-form-urlencoded', origin: url }
    const signedIn = await request(`${console}sign-in`, { method: 'POST', dispatcher, headers: signIn, body: form })
    expect([signedIn.statusCode, signedIn.headers.location]).toEqual([303, './'])
    await dispatcher.close()
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 0, left: [] })
  })
})

test('a callback that never accepts is told of, and the demo has failed', async () => {
  const stage = await openStage(newFolder())
  const lines: string[] = []
  const scene: Scene = {
    idcardid: 'demo-never',
    what: { en: 'never', zh: '从不' },
    path: '/never',
    script: { status: 'SUCCESS' },
    refusals: [500, 500, 500],
    type: 'idface.succeeded',
  }
  const signal = AbortSignal.timeout(15_000)
  const print = (text: string) => lines.push(text)
  try {
    expect(await runDemo({ stage, scenes: [scene], say: ({ en }) => en, lang: 'en', print, signal })).toBe(false)
  } finally {
    await stage.close()
  }
  expect(lines.join('\n')).toMatch(/demo-never: expected .+→ 200, got .+→ 500\n/)
})
