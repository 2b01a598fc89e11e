/** Languages of the texts for people: explanations and commands. */
export type Language = 'en' | 'zh'

/** Language of a command's reader. As in POSIX, the first variable that is set and not empty counts. */
export const languageOf = ({ LC_ALL, LC_MESSAGES, LANG }: Readonly<Record<string, string | undefined>>): Language =>
  /^zh/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en'

/** A text in each language. */
export type Words = Readonly<Record<Language, string>>
