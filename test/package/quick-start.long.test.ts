import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../support/free-ports.ts'
import { openFolder } from '../support/service.ts'
import { openUpstreamSimulator } from '../support/upstream.ts'
import { isInstalled, openTerminal, SHELLS } from './terminal.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const blocksOf = (text: string): string[] =>
  [...text.matchAll(/^```sh(?: Node)?\n([\s\S]*?)\n```$/gm)].map(([, code = '']) => code)
/** From one heading of the second level to the next. */
const sectionOf = (text: string, heading: string): string =>
  text.split(/^## /m).find(one => one.startsWith(heading)) ?? ''

const PASTED = [
  ...['README.md', 'README.zh-CN.md', 'docs/start.md', 'docs/verify.md', 'docs/operate.md'],
  'docs/examples/README.md',
]
/** Quoted text is not checked; the rest is for the shell, also that of `$NAME`. */
const unquoted = (code: string) => code.replaceAll(/'[^']*'|"(?:\\.|[^"\\])*"/g, '')

describe.each(PASTED)('%s', file => {
  const blocks = blocksOf(read(file))
  test('has nothing to paste that an interactive zsh takes for a command or a pattern', () => {
    expect(blocks.filter(code => /(^|\s)#/m.test(unquoted(code)))).toEqual([])
    expect(blocks.filter(code => /[?*[\]!]/.test(unquoted(code)))).toEqual([])
  })
})

/** The files that the npm scripts need, with room for a `.env` and a database. */
const openClone = async () => {
  const folder = await openFolder()
  for (const name of ['package.json', 'src', 'docs', 'migrations', 'node_modules'])
    await symlink(join(ROOT, name), join(folder.path, name))
  return folder
}

const replaceAll = (text: string, values: Readonly<Record<string, string>>): string =>
  Object.entries(values).reduce((result, [from, to]) => result.replaceAll(from, to), text)

const COMPLAINT = /command not found|no matches found|parse error|syntax error|event not found|bad pattern/i

beforeAll(() => {
  spawnSync(process.execPath, [join(ROOT, 'scripts/served.js')])
})

describe.each(SHELLS)('pasted into %s', shell => {
  test.skipIf(!isInstalled(shell))(
    'the first webhook of the README, and then the first steps of a partner',
    async () => {
      await using clone = await openClone()
      await using partner = await openFolder()
      const [service = 0, receiver = 0, second = 0] = await freePorts(3)
      await using upstream = await openUpstreamSimulator({
        accounts: [{ apiId: 'sandbox', apiKey: 'sandbox' }],
        now: Date.now,
      })
      const open = (cwd: string, env: Record<string, string> = {}) =>
        openTerminal(shell, { cwd, env: { npm_config_update_notifier: 'false', ...env } })

      const [serve = '', receive = '', register = '', live = '', ...others] = blocksOf(
        sectionOf(read('README.md'), 'Your first webhook'),
      )
      expect(others).toEqual([])
      const ports = { 8080: `${service}`, 9000: `${receiver}` }

      await using two = open(clone.path, { PORT: `${service}` })
      two.paste(replaceAll(serve, ports))
      const [lines] = await two.shows(/( {2}export \w+=.*\r?\n){3}/)
      await two.shows(/"event":"listening"/)

      await using three = open(clone.path, { PORT: `${receiver}` })
      three.paste(lines)
      three.paste(receive)
      await three.shows(/listening on/)
      three.paste(replaceAll(register, ports))
      await three.shows(/msg_\S+ idface\.succeeded test_success_3s/)
      // Of the real GetResult; the simulated one does not know the serial either.
      await using check = open(clone.path, { IHUYI_URL: upstream.url })
      check.paste(live)
      await check.shows(/4061/)

      const steps = blocksOf(read('docs/start.md'))
      const [, url = '', key = '', secret = ''] =
        /URL=(\S+)\s+export API_KEY=(\S+)\s+export \w+=(\S+)/.exec(lines) ?? []
      const values = {
        'https://notifier.example': url,
        'ifn_…': key,
        'whsec_…': secret,
        'https://partner.example/hook': `http://127.0.0.1:${second}/hook`,
      }
      const [
        exports = '',
        me = '',
        take = '',
        callback = '',
        listen = '',
        probe = '',
        add = '',
        explain = '',
        ...more
      ] = steps.map(step => replaceAll(step, values))
      expect(more).toEqual([])
      await using four = open(partner.path, { PORT: `${second}` })
      four.paste(exports)
      four.paste(take)
      await four.shows(/listening on/)
      await using five = open(partner.path)
      five.paste(exports)
      five.paste(me)
      await five.shows(/"name":"Acme"/)
      five.paste(callback)
      five.paste(probe)
      await five.shows(/"outcome":"delivered"/)
      await four.shows(/idface\.test/)
      await using six = open(partner.path, { npm_config_registry: 'http://127.0.0.1:9' })
      six.paste(exports)
      six.paste(listen.replace('9000', `${second}`))
      await six.shows(/--since /)
      five.paste(add)
      const [, id = ''] = await five.shows(/"id":"(reg_\w+)","idcardid":"test_success_3s_\d+"/)
      await four.shows(/idface\.succeeded test_success_3s_\d+/)
      five.paste(explain.replace('reg_…', id))
      await five.shows(/"sentence":"The verification succeeded/)

      await six.shows(/idface\.succeeded reg_\w+ test_success_3s_\d+ → 204/)
      for (const terminal of [two, three, check, four, five, six]) expect(terminal.text()).not.toMatch(COMPLAINT)
    },
    120_000,
  )
})
