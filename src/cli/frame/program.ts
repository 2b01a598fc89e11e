import { Argument, Command as Program, Option as ProgramOption } from 'commander'
import type { Language, Words } from '../../core/language.ts'
import { VERSION } from '../../version.ts'
import { refuse } from '../environment.ts'
import { type Command, flagOf, type Section } from './command.ts'
import { HELP_TEXTS } from './help-texts.ts'
import { isLanguage } from './language.ts'
import { readUsage, type Typed, unknownCommand } from './usage.ts'

const NAME = 'idface-notifier'
const LANG_MUST: Words = { en: '--lang must be one of zh, en', zh: '--lang 须为 zh、en 之一' }

export interface ProgramOptions {
  language: Language
  /** What begins a command that works as it stands, where this one was started. */
  call: string
}

/** How the reader calls this program. */
export const callOf = ({ npm_lifecycle_event }: NodeJS.ProcessEnv): string =>
  npm_lifecycle_event === 'cli' ? 'npm run -s cli --' : NAME

/**
 * The library splits the words and prints help; what was typed is judged by `readUsage`, which names all problems at once and in
 * the reader's language. So nothing is declared as needed to the library.
 */
export const buildProgram = (
  sections: readonly Section[],
  groups: Readonly<Record<string, Words>>,
  { language, call }: ProgramOptions,
): Program => {
  const texts = HELP_TEXTS[language]
  const lang = new ProgramOption('--lang [LANGUAGE]', texts.lang)
  const program = new Program(NAME)
    .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : 2))
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions: command => (command.parent ? [lang] : []),
      optionTerm: option => option.flags.replaceAll(/[[\]]/g, ''),
      styleTitle: title => texts.titles[title] ?? title,
      optionDescription: option => option.description,
      subcommandTerm: command => [command.name(), ...command.registeredArguments.map(one => one.name())].join(' '),
    })
    .helpOption('-h, --help', texts.help)
    .version(VERSION, '-V, --version', texts.version)
    .description(texts.description)
    .addOption(lang)
    .addHelpText('after', `\n${texts.settings(call)}`)

  const addGroup = (parent: Program, name: string, words: Words) => {
    const group = parent.command(name).description(words[language]).helpOption('-h, --help', texts.help)
    return asGroup(group)
  }
  const asGroup = (group: Program) =>
    group
      .usage(`${texts.command} ${texts.options}`)
      .helpCommand(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        const [name] = group.args
        if (name === undefined) return group.help({ error: true })
        const known = group.commands.map(command => command.name())
        complainOf(group, [unknownCommand(name, known, language)])
      })

  /** Where the problem is, and how to see what is right. */
  const complainOf = (command: Program, problems: readonly string[]) =>
    refuse([...problems, texts.seeHelp([call, ...wordsOf(command)].join(' '))].join('\n'))

  const addCommand = (parent: Program, spec: Command) => {
    const args = Object.values(spec.args)
    const command: Program = parent
      .command(spec.path.split(' ').at(-1) ?? spec.path)
      .description(spec.words[language])
      .usage([...args.map(nameOf), texts.options].join(' '))
      .helpOption('-h, --help', texts.help)
      .allowUnknownOption()
      .allowExcessArguments()
      .addHelpText('after', `\n${texts.example}\n  ${call} ${spec.example}`)
      .action(() => run(spec, command))
    for (const { name, words } of args) command.addArgument(new Argument(`[${name}]`, words[language]))
    for (const [key, { placeholder, words, choices, fallback }] of Object.entries(spec.options)) {
      const value = placeholder === null ? '' : ` [${placeholder}]`
      const more = choices ? texts.choices(choices) : ''
      const byDefault = fallback === null || typeof fallback === 'boolean' ? '' : texts.fallback(String(fallback))
      const shown = fallback === undefined ? '' : byDefault
      command.addOption(new ProgramOption(`${flagOf(key)}${value}`, `${words[language]}${more}${shown}`))
    }
    if (spec.printsData) command.addOption(new ProgramOption('--json', texts.json))
  }

  const run = async (spec: Command, command: Program): Promise<void> => {
    const { lang, json, ...options } = command.optsWithGlobals<Typed['options']>()
    const usage = readUsage(spec, { args: command.args, options }, language)
    const problems = usage.ok ? [] : usage.problems
    const all = lang === undefined || isLanguage(lang) ? problems : [...problems, LANG_MUST[language]]
    if (!usage.ok || all.length > 0) return complainOf(command, all)
    const start = await spec.load()
    await start({ reason: null, ...usage.input, lang: language, json: json === true } as never)
  }

  asGroup(program)
  for (const { title, commands } of sections) {
    program.commandsGroup(title[language])
    if (program.commands.length === 0) program.helpCommand('help [COMMAND]', texts.helpCommand)
    for (const spec of commands) {
      const [first = '', second] = spec.path.split(' ')
      const group = program.commands.find(command => command.name() === first)
      if (second === undefined) addCommand(program, spec)
      else addCommand(group ?? addGroup(program, first, groups[first] as Words), spec)
    }
  }
  return program
}

/** In brackets where it may be left out. */
const nameOf = ({ name, isOptional }: { name: string; isOptional?: true }): string => (isOptional ? `[${name}]` : name)

/** What is typed for it after the program's name. */
const wordsOf = (command: Program): string[] => (command.parent ? [...wordsOf(command.parent), command.name()] : [])
