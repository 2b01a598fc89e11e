import type { Language } from '../config/setting.ts'

/** The order is POSIX's: the first variable that is set and not empty counts. */
export const languageOf = ({ LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): Language =>
  /^zh/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en'
