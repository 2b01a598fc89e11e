import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'idface-notifier-completion-'))
const scriptOf = async (shell: string, lang = 'en') => {
  const { code, stdout } = await runCli(['completion', shell, '--lang', lang], { cwd: folder })
  expect(code).toBe(0)
  const file = join(folder, `${shell}-${lang}`)
  writeFileSync(file, stdout)
  return file
}
const isMissing = (shell: string) => spawnSync(shell, ['-c', 'true']).status !== 0

afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(isMissing('bash'))('bash', () => {
  let file: string
  beforeAll(async () => {
    file = await scriptOf('bash')
  })
  const complete = (...words: string[]): string[] => {
    const typed = words.map(word => `'${word}'`).join(' ')
    const run = `source '${file}'; COMP_WORDS=(idface-notifier ${typed}); COMP_CWORD=${words.length}; _idface_notifier; echo "\${COMPREPLY[*]}"`
    return execFileSync('bash', ['-c', run], { encoding: 'utf8' }).split(/\s+/).filter(Boolean)
  }

  test.each([
    [['par'], ['partner']],
    [['partner', 'li'], ['list']],
    [['partner', 'list', '--j'], ['--json']],
    [['restore', 'a.db', '--ho'], ['--hold']],
    [
      ['partner', '--lang', ''],
      ['zh', 'en'],
    ],
    [['partner', 'list', '--lang', 'z'], ['zh']],
    [['completion', 'f'], ['fish']],
    [
      ['backup', ''],
      ['--reason', '--json', '--lang', '--help'],
    ],
  ])('completes %j', (typed, expected) => {
    expect(complete(...typed)).toEqual(expected)
  })
})

test('fish completes words, options and their values', async ({ skip }) => {
  skip(isMissing('fish'), 'there is no fish here (Debian: fish)')
  const file = await scriptOf('fish')
  const complete = (typed: string) =>
    execFileSync('fish', ['--no-config', '-c', `source '${file}'; complete -C '${typed}'`], { encoding: 'utf8' })
      .trimEnd()
      .split('\n')
      .map(line => line.split('\t')[0])
  expect(complete('idface-notifier par')).toEqual(['partner'])
  expect(complete('idface-notifier partner li')).toEqual(['list'])
  expect(complete('idface-notifier doctor --only d')).toEqual(['dns'])
  expect(complete('idface-notifier completion f')).toEqual(['fish'])
})

test('zsh finds the function in a folder of fpath', async ({ skip }) => {
  skip(isMissing('zsh'), 'there is no zsh here (Debian: zsh)')
  const file = await scriptOf('zsh')
  copyFileSync(file, join(folder, '_idface-notifier'))
  // What zsh would show goes to stdout here.
  const run = `fpath=('${folder}' $fpath); autoload -Uz compinit _idface-notifier; compinit -D -u
_describe() { print -l -- \${(P)2} }; words=(idface-notifier partner ''); CURRENT=3; _idface-notifier; _idface-notifier`
  const shown = execFileSync('zsh', ['-f', '-c', run], { encoding: 'utf8' })
  expect(shown.match(/^list:/gm)).toHaveLength(2)
})

test.each(['zsh', 'fish'])('%s takes the script, in both languages, where it is there', async shell => {
  for (const lang of ['en', 'zh']) {
    const file = await scriptOf(shell, lang)
    if (!isMissing(shell)) execFileSync(shell, ['-n', file])
  }
})
