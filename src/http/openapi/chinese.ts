import { readFileSync } from 'node:fs'
import type { Words } from '../../core/language.ts'

/** Texts by the end of their place, as `changeTexts` names it. */
export type TextsByPlace = Readonly<Record<string, Words>>

const TEXTS = new URL('../../../docs/openapi.zh-CN.json', import.meta.url)

/**
 * Returns a copy with every string changed. The place of a string is its path from the root or from the operation, such
 * as `register.responses.200.description`; items of a list go by their `name`, if they have one.
 */
export const changeTexts = <Part>(part: Part, change: (text: string, place: string) => string, place = ''): Part => {
  if (typeof part === 'string') return change(part, place) as Part
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map((one, n) => changeTexts(one, change, `${place}.${one?.name ?? n}`)) as Part
  const base = 'operationId' in part ? part.operationId : place
  const entries = Object.entries(part).map(([name, one]) => [name, changeTexts(one, change, `${base}.${name}`)])
  return Object.fromEntries(entries)
}

/**
 * Returns the key of a text: of those that its place ends with, the longest. Undefined if there is none, or if its
 * English has changed.
 */
export const textKeyOf = (texts: TextsByPlace, text: string, place: string): string | undefined => {
  const names = place.split('.')
  const key = names.map((_, n) => names.slice(n).join('.')).find(end => end in texts)
  return key !== undefined && texts[key]?.en === text ? key : undefined
}

/** Returns the document in Chinese. A text without a key stays English; a test names it. */
export const inChinese = <Document>(document: Document): Document => {
  const texts: TextsByPlace = JSON.parse(readFileSync(TEXTS, 'utf8'))
  return changeTexts(document, (text, place) => texts[textKeyOf(texts, text, place) ?? '']?.zh ?? text)
}
