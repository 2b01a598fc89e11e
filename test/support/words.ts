import type { Words } from '../../src/core/language.ts'

/** For tests to which it is all the same in which language a text is. */
export const both = (text: string): Words => ({ en: text, zh: text })
