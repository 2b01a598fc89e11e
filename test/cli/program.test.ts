import { describe, expect, test } from 'vitest'
import { loadSections } from '../../src/cli/commands.ts'
import { buildProgram, flagOf, languageFor } from '../../src/cli/program.ts'

test.each([
  [['partner', 'list'], {}, 'en'],
  [['partner', 'list'], { LANG: 'zh_CN.UTF-8' }, 'zh'],
  [['partner', 'list'], { LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
  [['partner', 'list', '--lang', 'zh'], { LC_ALL: 'C' }, 'zh'],
  [['--lang=en', 'partner', 'list'], { LANG: 'zh_CN' }, 'en'],
  [['partner', 'create', '--', '--lang', 'zh'], {}, 'en'],
  [['partner', 'list', '--lang', 'fr'], { LANG: 'zh_CN' }, 'zh'],
] as const)('%j in %j speaks %s', (args, env, language) => {
  expect(languageFor(args, env)).toBe(language)
})

const sections = await loadSections()

test('help is Chinese down to the names of the help command', () => {
  const { program } = buildProgram(sections, 'zh')
  const lines = program.helpInformation().split('\n')
  expect(lines[0]).toMatch(/^用法/)
  expect(lines.filter(line => /\p{Script=Han}/u.test(line)).length).toBeGreaterThan(20)
  expect(lines.find(line => line.includes('help [COMMAND]'))).toMatch(/\p{Script=Han}/u)
})

describe('every command', () => {
  const files = sections.flatMap(section => Object.values(section.files))
  const commands = files.flatMap(file => file.commands)

  test('has its words in both languages', () => {
    const all = [
      ...sections.map(({ title }) => title),
      ...files.flatMap(({ group }) => (group ? [group] : [])),
      ...commands.flatMap(({ words, args, options }) => [
        words,
        ...[...Object.values(args), ...Object.values(options)].flatMap(({ words, parser }) => [words, parser.must]),
      ]),
    ]
    for (const { en, zh } of all) {
      expect(zh).toMatch(/\p{Script=Han}/u)
      expect(en).not.toMatch(/\p{Script=Han}/u)
    }
  })

  test.each(commands.map(command => [command.path, command] as const))(
    '%s has an example that fits it',
    (path, one) => {
      expect(one.example).toMatch(new RegExp(`^${path}( |$)`))
      const known = Object.keys(one.options).map(flagOf)
      for (const flag of one.example.match(/--[\w-]+/g) ?? []) expect(known).toContain(flag)
    },
  )
})
