import { ACCOUNT } from './account.ts'
import { DELIVERY } from './delivery.ts'
import { OVERVIEW } from './overview.ts'
import { REGISTRATIONS } from './registrations.ts'
import { WEBHOOKS } from './webhooks.ts'

/** The Chinese of every text of the partners' document, by its English; problems and examples bring their own. */
export const CHINESE: ReadonlyMap<string, string> = new Map(
  [OVERVIEW, REGISTRATIONS, DELIVERY, ACCOUNT, WEBHOOKS].flatMap(texts => Object.entries(texts)),
)

/** The document with its texts in Chinese. One that the table lacks stays English, and a test names it. */
export const inChinese = <Part>(part: Part): Part => translated(part) as Part

/** A text is known by its words, wherever it stands: no name, code or address is written like a sentence. */
const translated = (part: unknown): unknown => {
  if (typeof part === 'string') return CHINESE.get(part) ?? part
  if (Array.isArray(part)) return part.map(translated)
  if (typeof part !== 'object' || part === null) return part
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, translated(value)]))
}
