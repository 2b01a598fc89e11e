import type { Words } from '../../core/language.ts'

/** Stands in no message, and JSON escapes it where one quotes its caller. */
const BETWEEN = '\u0000'

/** A message in each language as the one text that a schema takes; `heard` has it as words again. */
export const said = ({ en, zh }: Words): string => `${en}${BETWEEN}${zh}`

/** The words of an issue's message. One of zod's own is English only. */
export const heard = (message: string): Words => {
  const [en = '', zh = en] = message.split(BETWEEN)
  return { en, zh }
}

export const oneOf = (names: readonly string[]): string =>
  said({ en: `must be one of ${names.join(', ')}`, zh: `必须是以下之一：${names.join('、')}` })
