import type { Language } from '../core/language.ts'
import { GROUPS, SECTIONS } from './commands.ts'
import { print } from './environment.ts'
import { type Command, type Common, flagOf } from './frame/command.ts'
import { HELP_TEXTS } from './frame/help-texts.ts'

type Shell = 'bash' | 'zsh' | 'fish'

interface Candidate {
  word: string
  meaning: string
}

interface Flag extends Candidate {
  takesValue: boolean
  choices: readonly string[]
}

/** What may follow the words of a command or a group. */
interface Place {
  /** `partner list`; empty: nothing was typed yet. */
  path: string
  candidates: readonly Candidate[]
  flags: readonly Flag[]
}

/** Prints what the shell reads. */
export const printCompletion = ({ shell, lang }: Common & { shell: Shell }): void => {
  const script = { bash, zsh, fish }[shell]
  print(script(placesIn(lang)))
}

const placesIn = (language: Language): Place[] => {
  const commands = SECTIONS.flatMap(section => section.commands)
  const texts = HELP_TEXTS[language]
  const common: Flag[] = [
    { word: '--lang', meaning: texts.lang, takesValue: true, choices: ['zh', 'en'] },
    { word: '--help', meaning: texts.help, takesValue: false, choices: [] },
  ]
  const json: Flag = { word: '--json', meaning: texts.json, takesValue: false, choices: [] }
  const flagsOf = ({ options, printsData }: Command): Flag[] => [
    ...Object.entries(options).map(([key, { words, placeholder, choices = [] }]) => ({
      word: flagOf(key),
      meaning: words[language],
      takesValue: placeholder !== null,
      choices,
    })),
    ...(printsData ? [json] : []),
    ...common,
  ]
  const follow = (path: string): Candidate[] => {
    const begin = path === '' ? '' : `${path} `
    const below = commands.filter(command => command.path.startsWith(begin))
    const words = [...new Set(below.map(command => command.path.slice(begin.length).split(' ')[0] ?? ''))]
    return words.map(word => {
      const meaning = commands.find(command => command.path === `${begin}${word}`)?.words ?? GROUPS[word]
      return { word, meaning: meaning?.[language] ?? '' }
    })
  }
  return [
    ...commands.map(command => ({
      path: command.path,
      candidates: Object.values(command.args).flatMap(({ choices = [], words }) =>
        choices.map(word => ({ word, meaning: words[language] })),
      ),
      flags: flagsOf(command),
    })),
    ...Object.keys(GROUPS).map(path => ({ path, candidates: follow(path), flags: common })),
    { path: '', candidates: follow(''), flags: common },
  ]
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const patternOf = (path: string): string => (path === '' ? '*' : `${quote(` ${path}`)}*`)

/** The longer paths come first: a shell takes the first that fits. */
const bash = (places: readonly Place[]): string => `_idface_notifier() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" typed='' word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == -* ]] || typed+=" $word"; done
  case "$typed \${COMP_WORDS[COMP_CWORD-1]}" in
${places
  .flatMap(({ path, flags }) => flags.filter(({ choices }) => choices.length > 0).map(flag => ({ path, ...flag })))
  .map(({ path, word, choices }) => `    ${patternOf(path)}' '${word}) words=${quote(choices.join(' '))} ;;`)
  .join('\n')}
    *) case "$typed" in
${places
  .map(({ path, candidates, flags }) => {
    const words = [...candidates, ...flags].map(({ word }) => word).join(' ')
    return `      ${patternOf(path)}) words=${quote(words)} ;;`
  })
  .join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _idface_notifier idface-notifier`

/** Sourced, or found in a folder of `fpath`, where the file is the function. */
const zsh = (places: readonly Place[]): string => `#compdef idface-notifier
_idface_notifier() {
  local typed='' word
  local -a candidates
  for word in \${words[2,CURRENT-1]}; do [[ $word == -* ]] || typed+=" $word"; done
  case "$typed \${words[CURRENT-1]}" in
${places
  .flatMap(({ path, flags }) => flags.filter(({ choices }) => choices.length > 0).map(flag => ({ path, ...flag })))
  .map(({ path, word, choices }) => `    ${patternOf(path)}' '${word}) candidates=(${choices.map(quote).join(' ')}) ;;`)
  .join('\n')}
    *) case "$typed" in
${places
  .map(({ path, candidates, flags }) => {
    const words = [...candidates, ...flags].map(({ word, meaning }) => quote(`${word}:${meaning}`))
    return `      ${patternOf(path)}) candidates=(${words.join(' ')}) ;;`
  })
  .join('\n')}
    esac ;;
  esac
  _describe idface-notifier candidates || _files
}
if [[ \${funcstack[1]} == _idface-notifier ]]; then
  _idface_notifier "$@"
else
  compdef _idface_notifier idface-notifier
fi`

const fish = (places: readonly Place[]): string => {
  const line = (condition: string, rest: string) => `complete -c idface-notifier -n ${quote(condition)} ${rest}`
  return places
    .flatMap(({ path, candidates, flags }) => {
      const words = path.split(' ')
      const seen = words.map(word => `__fish_seen_subcommand_from ${word}`).join('; and ')
      const here = candidates.map(({ word }) => word).join(' ')
      const condition = path === '' ? '__fish_use_subcommand' : seen
      const open = path === '' || here === '' ? condition : `${condition}; and not __fish_seen_subcommand_from ${here}`
      return [
        ...candidates.map(({ word, meaning }) => line(open, `-f -a ${word} -d ${quote(meaning)}`)),
        ...(path === '' || words.length > 1 || !(path in GROUPS) ? flags : []).map(flag => {
          const value = flag.choices.length > 0 ? `-x -a ${quote(flag.choices.join(' '))}` : flag.takesValue ? '-r' : ''
          return line(condition, `-l ${flag.word.slice(2)} ${value} -d ${quote(flag.meaning)}`)
        }),
      ]
    })
    .join('\n')
}
