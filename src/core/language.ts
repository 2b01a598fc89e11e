/** What people read of the service: its explanations, its commands. */
export type Language = 'en' | 'zh'

/** Of a command's reader. The order is POSIX's: the first variable that is set and not empty counts. */
export const languageOf = ({ LC_ALL, LC_MESSAGES, LANG }: Readonly<Record<string, string | undefined>>): Language =>
  /^zh/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en'

/** A text in each language. */
export type Words = Readonly<Record<Language, string>>
