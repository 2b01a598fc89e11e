import type { Command as Program, Option as ProgramOption } from 'commander'
import { enumOf } from '../config/parsers.ts'
import { defineCommand, option, required } from './command.ts'
import { loadSections } from './commands.ts'
import { print } from './environment.ts'
import { buildProgram } from './program.ts'

interface Candidate {
  word: string
  meaning: string
}

/** The candidates after a command, or after an option with a choice of values. */
interface Place {
  /** The typed words: ` partner list`, or ` partner list --lang` for the values of an option. */
  after: string
  candidates: readonly Candidate[]
}

const placesOf = (command: Program, path = '', inherited: readonly ProgramOption[] = []): Place[] => {
  const options = [...command.options, ...inherited].filter(({ long }) => long !== '--version')
  const values = (choices: readonly string[] = []) => choices.map(word => ({ word, meaning: '' }))
  return [
    ...command.commands.flatMap(one => placesOf(one, `${path} ${one.name()}`, options)),
    ...options
      .filter(({ argChoices }) => argChoices)
      .map(({ long, argChoices }) => ({ after: `${path} ${long}`, candidates: values(argChoices) })),
    {
      after: path,
      candidates: [
        ...command.commands.map(one => ({ word: one.name(), meaning: one.description() })),
        ...command.registeredArguments.flatMap(({ argChoices }) => values(argChoices)),
        ...options.map(({ long, description }) => ({ word: long ?? '', meaning: description })),
        { word: '--help', meaning: '' },
      ],
    },
  ]
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Pattern of a `case`. Longer paths come first, since a shell takes the first match. */
const patternOf = ({ after }: Place): string => {
  const [path = '', option] = after.split(/ (?=--)/)
  return [path === '' ? '' : quote(path), option === undefined ? '' : quote(` ${option}`)].join('*')
}

const bash = (places: readonly Place[]): string => `_idface_notifier() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" typed='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == -* ]] || typed+=" $word"; done
  [[ $prev == --* ]] && typed+=" $prev"
  case "$typed" in
${places.map(place => `    ${patternOf(place)}) words=${quote(place.candidates.map(({ word }) => word).join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _idface_notifier idface-notifier`

/** The script can be sourced, or put into a folder of `fpath`, where the file is the function. */
const zsh = (places: readonly Place[]): string => `#compdef idface-notifier
_idface_notifier() {
  local typed='' word
  local -a candidates
  for word in \${words[2,CURRENT-1]}; do [[ $word == -* ]] || typed+=" $word"; done
  [[ \${words[CURRENT-1]} == --* ]] && typed+=" \${words[CURRENT-1]}"
  case "$typed" in
${places.map(place => `    ${patternOf(place)}) candidates=(${place.candidates.map(({ word, meaning }) => quote(`${word}:${meaning}`)).join(' ')}) ;;`).join('\n')}
  esac
  _describe idface-notifier candidates || _files
}
if [[ \${funcstack[1]} == _idface-notifier ]]; then
  _idface_notifier "$@"
else
  compdef _idface_notifier idface-notifier
fi`

const fish = (places: readonly Place[]): string => `function __idface_notifier
  set -l words (commandline -opc)
  set -l typed ''
  for word in $words
    string match -q -- '-*' $word; or test $word = $words[1]; or set typed "$typed $word"
  end
  string match -q -- '--*' $words[-1]; and set typed "$typed $words[-1]"
  switch "$typed"
${places
  .map(
    place => `    case ${patternOf(place).replaceAll('*', "'*'")}
      printf '%s\\t%s\\n' ${place.candidates.map(({ word, meaning }) => `${quote(word)} ${quote(meaning)}`).join(' ')}`,
  )
  .join('\n')}
  end
end
complete -c idface-notifier -f -a '(__idface_notifier)'
complete -c idface-notifier -n '__fish_seen_subcommand_from backup restore' -F`

export const commands = [
  defineCommand({
    path: 'completion',
    words: { en: 'print the script by which the Tab key completes commands', zh: '输出 Tab 补全脚本' },
    args: {
      shell: required(option('SHELL', enumOf(['bash', 'zsh', 'fish']), { en: 'the shell', zh: '所用的 shell' })),
    },
    printsData: false,
    example: 'completion bash >> ~/.bash_completion',
    run: async ({ shell, lang: language }) => {
      const { program } = buildProgram(await loadSections(), language)
      print({ bash, zsh, fish }[shell](placesOf(program)))
    },
  }),
]
