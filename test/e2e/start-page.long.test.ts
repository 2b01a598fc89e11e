import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { openStage } from './stage.ts'

const SHELLS = ['bash', 'zsh']
const LANGUAGES = ['en', 'zh']
/** curl, and the node of this project. */
const PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`

const isMissing = (command: string): boolean => {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${command}`], { stdio: 'pipe' })
    return false
  } catch {
    return true
  }
}

const ENTITIES: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>', '#39': "'" }
/** The commands of a page, block by block, as a reader copies them. */
const blocksOf = (html: string): string[] =>
  [...html.matchAll(/<code class="sh" data-name="(?:Node)?">([^<]*)<\/code>/g)].map(([, code = '']) =>
    code.replace(/&(quot|amp|lt|gt|#39);/g, (_, name: string) => ENTITIES[name] ?? ''),
  )

const replaced = (text: string, from: string, to: string): string => {
  if (!text.includes(from)) throw new Error(`the page has no ${from}`)
  return text.replace(from, to)
}

/** The receiver of the page, which runs until it is disposed of. */
const openPasted = async (shell: string, script: string, cwd: string) => {
  // A group of its own, so that what the shell has started ends with it.
  const child = spawn(shell, ['-c', script], {
    cwd,
    env: { PATH, PORT: '0' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const seen = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      seen.text += chunk
    })
  const urlIn = () => /http:\/\/127\.0\.0\.1:\d+/.exec(seen.text)?.[0]
  await expect.poll(urlIn, { timeout: 15_000 }).toBeDefined()
  return {
    seen,
    url: urlIn() ?? '',
    [Symbol.asyncDispose]: async () => {
      const closed = once(child, 'close')
      process.kill(-(child.pid ?? 0))
      await closed
    },
  }
}

const CASES = LANGUAGES.flatMap(language => SHELLS.map(shell => ({ language, shell })))

describe('the start page', () => {
  test.for(CASES)(
    'in $language leads to a first webhook, pasted into $shell',
    async ({ language, shell }, { skip }) => {
      for (const command of [shell, 'curl']) if (isMissing(command)) skip(`there is no ${command} here`)
      await using stage = await openStage({ SANDBOX: 'true' })
      const { service, partner, folder } = stage
      const page = await fetch(`${service.url}/docs?lang=${language}`).then(response => response.text())
      const [secrets = '', me = '', receiver = '', address = '', , test = '', register = '', explain = ''] =
        blocksOf(page)
      const known = replaced(replaced(secrets, 'ifn_…', partner.apiKey), 'whsec_…', partner.signingSecret)
      const paste = async (...commands: string[]) => {
        const { stdout } = await promisify(execFile)(shell, ['-c', [known, ...commands].join('\n')], { env: { PATH } })
        return JSON.parse(stdout)
      }
      expect(await paste(me)).toMatchObject({ name: 'first' })
      await using running = await openPasted(shell, `${known}\n${receiver}`, folder)
      const reached = replaced(address, 'https://partner.example', running.url)
      expect(await paste(reached, test)).toMatchObject({ outcome: 'delivered', httpStatus: 204 })
      const registered = await paste(reached, replaced(register, 'test_success_3s', 'test_success_1s'))
      expect(registered.idcardid).toMatch(/^test_success_1s_\d+$/)
      await expect
        .poll(() => running.seen.text, { timeout: 15_000 })
        .toContain(`idface.succeeded ${registered.idcardid}`)
      expect(running.seen.text).toContain('idface.test')
      const { sentence } = await paste(replaced(explain, 'reg_…', registered.id))
      expect(sentence).toEqual(expect.any(String))
    },
  )
})
