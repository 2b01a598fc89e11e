import { describe, expect, test } from 'vitest'
import { GROUPS, SECTIONS } from '../../../src/cli/commands.ts'
import { defineCommand } from '../../../src/cli/frame/command.ts'
import { languageFor } from '../../../src/cli/frame/language.ts'
import { argument, flag, numberOption, textOption, withDefault } from '../../../src/cli/frame/options.ts'
import { readUsage, unknownCommand } from '../../../src/cli/frame/usage.ts'

const words = { en: 'what', zh: '什么' }
const send = defineCommand({
  path: 'send',
  words,
  args: { id: argument('ID', words), file: argument('FILE', words) },
  options: {
    dryRun: flag(words),
    mostHosts: withDefault(numberOption(words, { min: 1, max: 9 }), 3),
    since: textOption('TIME', words),
  },
  printsData: true,
  example: 'send a b',
  load: async () => () => {},
})
const read = (args: string[], options = {}, language: 'en' | 'zh' = 'en') =>
  readUsage(send, { args, options }, language)

describe('what was typed', () => {
  test('is read with the defaults of what was not', () => {
    expect(read(['a', ' b '], { mostHosts: '9' })).toEqual({
      ok: true,
      input: { id: 'a', file: 'b', dryRun: false, mostHosts: 9, since: null },
    })
    expect(read(['a', 'b'], { dryRun: true, since: '1h' })).toMatchObject({
      input: { dryRun: true, mostHosts: 3, since: '1h' },
    })
  })

  test('is refused with every problem at once', () => {
    const typed = { mostHosts: '10', since: true }
    expect(read(['', '--dry-rum'], typed)).toEqual({
      ok: false,
      problems: [
        'ID must not be empty',
        'FILE is missing',
        '--most-hosts must be a whole number from 1 to 9',
        '--since needs a value: --since TIME',
        '--dry-rum is no option of this command; did you mean --dry-run?',
      ],
    })
    expect(read([], typed, 'zh')).toEqual({
      ok: false,
      problems: ['缺少 ID', '缺少 FILE', '--most-hosts 须为 1 到 9 的整数', '--since 需要一个值：--since TIME'],
    })
  })

  test.each([
    [
      ['a', 'b', 'c', 'd'],
      ['c is one argument too many', 'd is one argument too many'],
    ],
    [['a', 'b', '--json=1'], ['--json takes no value']],
    [['a', 'b', '--foo', 'its value'], ['--foo is no option of this command']],
  ])('as %s is refused', (args, problems) => {
    expect(read(args)).toEqual({ ok: false, problems })
  })

  test('suggests only what is near', () => {
    expect(unknownCommand('parner', ['partner', 'prune'], 'en')).toBe('parner is no command; did you mean partner?')
    expect(unknownCommand('xyz', ['partner', 'prune'], 'zh')).toBe('没有命令 xyz')
  })
})

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

describe('every command', () => {
  const commands = SECTIONS.flatMap(section => section.commands)
  const texts = [...SECTIONS.map(({ title }) => title), ...Object.values(GROUPS)]

  test('has its words in Chinese too', () => {
    const all = commands.flatMap(command => [
      command.words,
      ...Object.values(command.args).map(one => one.words),
      ...Object.values(command.options).map(one => one.words),
    ])
    for (const { en, zh } of [...texts, ...all]) {
      expect(zh).toMatch(/\p{Script=Han}/u)
      expect(en).not.toMatch(/\p{Script=Han}/u)
    }
  })

  test.each(commands)('$path has an example that fits it', command => {
    const [, ...typed] = /^.*?(?= >|$)/.exec(command.example)?.[0].match(/"[^"]*"|\S+/g) ?? []
    const rest = command.path.includes(' ') ? typed.slice(1) : typed
    const args: string[] = []
    const options: Record<string, string | true> = {}
    for (let i = 0; i < rest.length; i++) {
      const word = rest[i] ?? ''
      const key = word.slice(2).replaceAll(/-[a-z]/g, part => part.slice(1).toUpperCase())
      const option = word.startsWith('--') ? command.options[key] : undefined
      if (!option) args.push(word)
      else options[key] = option.placeholder === null ? true : (rest[++i] ?? '')
    }
    expect(command.example).toMatch(new RegExp(`^${command.path}( |$)`))
    expect(readUsage(command, { args: args.filter(word => word !== '--json'), options }, 'en')).toMatchObject({
      ok: true,
    })
  })

  test('stands in a group that has words', () => {
    const groups = commands.filter(({ path }) => path.includes(' ')).map(({ path }) => path.split(' ')[0])
    expect([...new Set(groups)].toSorted()).toEqual(Object.keys(GROUPS).toSorted())
  })
})
