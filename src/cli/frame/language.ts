import { type Language, languageOf } from '../../core/language.ts'

export const isLanguage = (text: unknown): text is Language => text === 'zh' || text === 'en'

/** What `--lang` says, wherever it stands; else, or if it says something else, the environment. */
export const languageFor = (args: readonly string[], env: NodeJS.ProcessEnv): Language => {
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  const said = own.flatMap((arg, i) => (arg === '--lang' ? [own[i + 1]] : (/^--lang=(.*)$/s.exec(arg)?.slice(1) ?? [])))
  const last = said.at(-1)
  return isLanguage(last) ? last : languageOf(env)
}
