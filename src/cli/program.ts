import { Argument, type Help, Command as Program, Option as ProgramOption } from 'commander'
import { enumOf, type Parser } from '../config/parsers.ts'
import { AppError } from '../core/error.ts'
import { type Language, languageOf, type Words } from '../core/language.ts'
import { VERSION } from '../version.ts'
import { apiCallsBy, auditedBy } from './audit.ts'
import { type Answer, type Command, sayIn } from './command.ts'
import { exitCodeOf, wordsOf } from './ending.ts'
import { complain, print, withStore } from './environment.ts'

export interface CommandFile {
  commands: readonly Command[]
  /** Description of their group in help, such as `partner`. */
  group?: Words
}
export interface Section {
  title: Words
  files: Readonly<Record<string, CommandFile>>
}

/** The command by which the user calls this program. */
export const programCommand = (): string =>
  ['cli', 'demo'].includes(process.env.npm_lifecycle_event ?? '') ? 'npm run -s cli --' : 'idface-notifier'

/** Returns the language of the last valid `--lang`, at any position, or else that of the environment. */
export const languageFor = (args: readonly string[], env: NodeJS.ProcessEnv): Language => {
  const end = args.indexOf('--')
  const typed = args.slice(0, end < 0 ? args.length : end).join('\n')
  const said = [...typed.matchAll(/^--lang[=\n](zh|en)$/gm)].at(-1)?.[1]
  return said === 'zh' || said === 'en' ? said : languageOf(env)
}

const TITLES: Readonly<Record<string, string>> = {
  'Usage:': '用法：',
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Global Options:': '通用选项：',
  'Commands:': '命令：',
}

const EXCESS = 'commander.excessArguments'

/** Chinese messages by commander's error codes. */
const PROBLEMS_ZH: Readonly<Record<string, string>> = {
  'commander.missingArgument': '缺少 ',
  'commander.missingMandatoryOptionValue': '缺少选项 ',
  'commander.optionMissingArgument': '缺少选项的值：',
  'commander.unknownOption': '此命令没有选项 ',
  'commander.unknownCommand': '没有命令 ',
  [EXCESS]: '参数过多：',
}

/** Brackets mark an optional argument. */
const argumentLabel = (argument: Argument): string => (argument.required ? argument.name() : `[${argument.name()}]`)

/** `maxPending` as `--max-pending`. */
export const flagOf = (key: string): string => `--${key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** What commander found wrong with the arguments, in `language`. */
const problemIn = (language: Language, message: string, code: string): string => {
  const named = code === EXCESS ? /got \d+: (.+)\.$/ : /'(.+?)'(?:[\s\S]*Did you mean (.+)\?)?/
  const [, name, nearest] = named.exec(message) ?? []
  const hint = nearest ? `，是否想用 ${nearest}？` : ''
  return sayIn(language)({
    en: message.replace('error: ', ''),
    zh: `${PROBLEMS_ZH[code] ?? message}${name ?? ''}${hint}`,
  })
}

/** How help looks, in `language`. `lang` is the option that all commands have. */
const helpIn = (language: Language, lang: ProgramOption): Partial<Help> => {
  const say = sayIn(language)
  const described = (one: { description: string; argChoices?: string[]; defaultValue?: unknown }) =>
    one.description +
    (one.argChoices ? say({ en: ` (${one.argChoices.join(', ')})`, zh: `（${one.argChoices.join('、')}）` }) : '') +
    (one.defaultValue ? say({ en: ` (default: ${one.defaultValue})`, zh: `（默认：${one.defaultValue}）` }) : '')
  return {
    showGlobalOptions: true,
    visibleGlobalOptions: command => (command.parent ? [lang] : []),
    styleTitle: title => (language === 'zh' ? (TITLES[title] ?? title) : title),
    optionDescription: described,
    argumentDescription: described,
    subcommandTerm: command => [command.name(), ...command.registeredArguments.map(argumentLabel)].join(' '),
  }
}

/** Runs a command with what was typed, and prints its answer, or its error and exits. */
const runCommand = async (spec: Command, language: Language, command: Program): Promise<void> => {
  const args = Object.keys(spec.args).map((key, i) => [key, command.processedArgs[i] ?? null])
  const { reason, json = false, ...options } = command.opts()
  const common = { json, reason: reason || null, lang: language, say: sayIn(language) }
  const input = { ...options, ...Object.fromEntries(args), ...common }
  // biome-ignore lint/suspicious/noConfusingVoidType: a command may answer nothing
  const tell = (answer: Answer | void) => answer && print(json ? JSON.stringify(answer.data) : answer.text)
  const opening = { lang: language, changes: spec.changes, migrates: spec.path === 'migrate' }
  try {
    tell(await spec.run?.(input as never))
    if (spec.onStore)
      await withStore(opening, async (store, opened) => {
        const { reason } = input
        const means = { ...opened, call: apiCallsBy(store, opened.config, reason), audited: auditedBy(store, reason) }
        tell(await spec.onStore?.(store, { ...input, ...means } as never))
      })
  } catch (error) {
    complain(wordsOf(error)[language])
    if (error instanceof AppError && error.code === 'not_found')
      for (const { placeholder, words } of Object.values(spec.args).slice(-1))
        complain(`${placeholder}: ${words[language]}`)
    process.exit(exitCodeOf(error))
  }
}

/** Builds the program. If the arguments have problems, `run` prints all of them, in `language`, and exits with 2. */
export const buildProgram = (sections: readonly Section[], language: Language) => {
  const say = sayIn(language)
  const problems: string[] = []
  let where: Program | null = null
  const prepare = (command: Program): Program =>
    Object.assign(command, {
      error: (message: string, { code = '' }: { code?: string } = {}) => {
        where = command
        // The value of an unknown option counts as an excess argument.
        if (code !== EXCESS || problems.length === 0) problems.push(problemIn(language, message, code))
      },
    }).helpOption('-h, --help', say({ en: 'this help', zh: '显示本帮助' })) as Program
  const withValue = <P extends Argument | ProgramOption>(one: P, name: string, parser: Parser<unknown>): P => {
    one.argParser((text: string | undefined) => {
      const value = text === undefined ? null : parser.parse(text)
      if (value === null && text !== undefined) problems.push(`${name} ${parser.must[language]}`)
      return value
    })
    return parser.choices ? Object.assign(one, { argChoices: [...parser.choices] }) : one
  }
  const langHelp = say({ en: 'language; the default goes by LC_ALL and LANG', zh: '语言；默认取自 LC_ALL 与 LANG' })
  const lang = withValue(new ProgramOption('--lang <LANGUAGE>', langHelp), '--lang', enumOf(['zh', 'en']))
  const program = prepare(new Program('idface-notifier'))
    .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : 2))
    .configureHelp(helpIn(language, lang))
    .version(VERSION, '-V, --version', say({ en: 'print the version', zh: '显示版本号' }))
    .description(
      say({
        en: "Polls ihuyi's idface GetResult until there is a verdict, then POSTs a signed webhook.",
        zh: '持续查询互亿无线人脸核验 GetResult 直至得到结果，再以带签名的回调通知合作方。',
      }),
    )
    .addOption(lang)
    .helpCommand('help [COMMAND]', say({ en: 'help for a command', zh: '显示某个命令的帮助' }))
    .addHelpText(
      'after',
      say({
        en: `\nSettings come from the environment, or from a file .env in the current folder.\nAll of them: ${programCommand()} settings`,
        zh: `\n配置项取自环境变量，或当前文件夹中的 .env 文件。\n查看全部配置项：${programCommand()} settings`,
      }),
    )
  const addCommand = (parent: Program, spec: Command) => {
    const command = prepare(parent.command(spec.path.split(' ').at(-1) ?? spec.path))
      .description(spec.words[language])
      .addHelpText('after', `\n${say({ en: 'Example:', zh: '示例：' })}\n  ${programCommand()} ${spec.example}`)
    for (const { placeholder, words, parser, fallback } of Object.values(spec.args)) {
      const name = placeholder ?? ''
      const added = new Argument(fallback === undefined ? `<${name}>` : `[${name}]`, words[language])
      command.addArgument(withValue(added, name, parser))
    }
    for (const [key, { placeholder, words, parser, fallback }] of Object.entries(spec.options)) {
      const flag = flagOf(key)
      const added = new ProgramOption(placeholder === null ? flag : `${flag} <${placeholder}>`, words[language])
      if (placeholder !== null) withValue(added, flag, parser)
      command.addOption(added.default(fallback).makeOptionMandatory(fallback === undefined))
    }
    if (spec.printsData)
      command.option('--json', say({ en: 'print JSON, for programs', zh: '输出 JSON，供程序读取' }), false)
    command.action(async () => {
      where = command
      if (problems.length === 0) await runCommand(spec, language, command)
    })
  }

  for (const { title, files } of sections) {
    program.commandsGroup(title[language])
    for (const [name, { commands, group }] of Object.entries(files)) {
      const parent = group ? prepare(program.command(name)).description(group[language]).helpCommand(false) : program
      for (const spec of commands) addCommand(parent, spec)
    }
  }
  const run = async (): Promise<void> => {
    await program.parseAsync()
    const typed = [programCommand(), ...(where ? typedPath(where) : []), '--help'].join(' ')
    if (problems.length === 0) return
    complain([...problems, say({ en: `How it is used: ${typed}`, zh: `用法见：${typed}` })].join('\n'))
    process.exit(2)
  }
  return { program, run }
}

/** The words of a command after the program's name. */
const typedPath = (command: Program): string[] => (command.parent ? [...typedPath(command.parent), command.name()] : [])
