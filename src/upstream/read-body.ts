import { parseXml, XmlDocumentType, XmlElement } from '@rgrove/parse-xml'
import type { AnswerFields } from '../core/answer.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

const SCORES = new Set(['livingScore', 'similarity'])

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const pickFields = (body: unknown): AnswerFields | null => {
  if (!isRecord(body)) return null
  const { status, message, livingScore, similarity } = isRecord(body.result) ? body.result : {}
  return { code: body.code, status, message, livingScore, similarity }
}

// TypeScript's library does not know yet that a reviver is handed the source text of a number.
type Reviver = (this: unknown, key: string, value: unknown, context: { source: string }) => unknown

const keepScoreText: Reviver = (key, value, { source }) =>
  typeof value === 'number' && SCORES.has(key) ? source : value

const readJson = (text: string): AnswerFields | null => {
  const fields = pickFields(JSON.parse(text))
  // Scores usually are strings. A number is read again as it was written: 95.250 would become 95.25.
  const isNumeric = typeof fields?.livingScore === 'number' || typeof fields?.similarity === 'number'
  return isNumeric ? pickFields(JSON.parse(text, keepScoreText as Parameters<typeof JSON.parse>[1])) : fields
}

const localName = (element: XmlElement): string => element.name.slice(element.name.indexOf(':') + 1)

const childElements = (parent: XmlElement): XmlElement[] => parent.children.filter(node => node instanceof XmlElement)

const findChild = (parent: XmlElement | null, name: string): XmlElement | null => {
  const [child, ...others] = parent ? childElements(parent).filter(element => localName(element) === name) : []
  if (others.length > 0) throw new SyntaxError(`more than one ${name}`)
  return child ?? null
}

const childText = (parent: XmlElement | null, name: string): string | null => {
  const child = findChild(parent, name)
  return child === null || childElements(child).length > 0 ? null : child.text || null
}

const readXml = (text: string): AnswerFields | null => {
  const { root, children } = parseXml(text, { preserveDocumentType: true })
  if (children.some(node => node instanceof XmlDocumentType)) return null
  if (root === null || !localName(root).endsWith('Result')) return null
  const result = findChild(root, 'result')
  return {
    code: childText(root, 'code'),
    status: childText(result, 'status'),
    message: childText(result, 'message'),
    livingScore: childText(result, 'livingScore'),
    similarity: childText(result, 'similarity'),
  }
}

/**
 * Reads a GetResult body, JSON or XML, whichever its first character announces: the content type is often wrong.
 * Null for everything else: HTML, cut or empty bodies, invalid UTF-8, a DTD, nesting too deep to walk.
 */
export const readBody = (bytes: Uint8Array): AnswerFields | null => {
  try {
    const text = utf8.decode(bytes).trimStart()
    if (text.startsWith('{')) return readJson(text)
    return text.startsWith('<') ? readXml(text) : null
  } catch {
    // Both parsers and the decoder report bad input by throwing; none of them does anything but read.
    return null
  }
}
