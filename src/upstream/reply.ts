import { parseXml, XmlDocumentType, XmlElement } from '@rgrove/parse-xml'
import { type Answer, type AnswerFields, readAnswer, type TransientCause } from '../core/answer.ts'
import { MINUTE } from '../core/duration.ts'
import { codeOf } from '../core/error.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import type { Exchange, Fault, Limits, ResponseHead } from '../http-client/client.ts'

/** A GetResult response has a few hundred bytes. */
const BODY_LIMIT = 64 * 1024
const MAX_RETRY_AFTER_MS = 10 * MINUTE

export const UPSTREAM_LIMITS: Limits = {
  headBytes: 16 * 1024,
  bodyBytes: BODY_LIMIT,
  keptBytes: BODY_LIMIT,
  totalBytes: 4 * BODY_LIMIT,
  // The call's own time limit is enough.
  connectMs: Number.POSITIVE_INFINITY,
  bodyMs: Number.POSITIVE_INFINITY,
}

const transient = (cause: TransientCause, detail: string | null = null): Answer => ({
  kind: 'transient',
  code: null,
  cause,
  ...(detail === null ? {} : { detail }),
})

/** Returns the error code, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. The message may contain an address. */
const detailOf = (fault: Fault): string | null => {
  const code = fault.kind === 'connect' ? codeOf(fault.error) : fault.kind === 'lost' ? fault.code : null
  return typeof code === 'string' && /^[A-Z0-9_]{2,64}$/.test(code) ? code : null
}

const causeOf = (fault: Fault): TransientCause => {
  switch (fault.kind) {
    case 'timeout':
    case 'too_large':
      return fault.kind
    case 'protocol':
      return fault.detail === 'head_size' || fault.detail === 'flood' ? 'too_large' : 'unparseable'
    case 'connect':
      return codeOf(fault.error) === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
    case 'lost':
      return fault.code === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
    case 'closed':
    case 'withdrawn':
      return 'unreachable'
    default:
      throw fault satisfies never
  }
}

/** The media type alone, since a header may hold any text. */
const mediaTypeOf = (head: ResponseHead | null): string | null =>
  /^[\w.+-]{1,32}\/[\w.+-]{1,32}/.exec(head?.headers.get('content-type') ?? '')?.[0].toLowerCase() ?? null

/** @param now upstream's time, for a date in `Retry-After` */
const refusalOf = ({ status, headers }: ResponseHead, now: number): Answer => {
  const waitMs = readRetryAfter(headers.get('retry-after') ?? null, now)
  if (status !== 429 && (status !== 503 || waitMs === null)) return transient('http_status', String(status))
  return { kind: 'throttled', code: null, retryAfterMs: waitMs === null ? null : Math.min(waitMs, MAX_RETRY_AFTER_MS) }
}

/** Classifies one exchange with upstream. Follows no redirect and decodes no content encoding. */
export const answerOf = ({ head, body, fault }: Exchange, now: number): Answer => {
  if (head && head.status !== 200) return refusalOf(head, now)
  // The request asks for no encoding; decoding one anyway would permit compression bombs.
  const encoding = head?.headers.get('content-encoding')?.trim().toLowerCase() || 'identity'
  const unparseable = transient('unparseable', mediaTypeOf(head))
  if (encoding !== 'identity') return unparseable
  if (fault) return transient(causeOf(fault), fault.kind === 'too_large' ? mediaTypeOf(head) : detailOf(fault))
  const fields = readReplyText(body)
  const answer = fields ? readAnswer(fields) : unparseable
  return answer.kind === 'transient' && answer.cause === 'unparseable' ? unparseable : answer
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const SCORES = new Set(['livingScore', 'similarity'])

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const pickFields = (body: unknown): AnswerFields | null => {
  if (!isRecord(body)) return null
  const { status, message, livingScore, similarity } = isRecord(body.result) ? body.result : {}
  return { code: body.code, status, message, livingScore, similarity }
}

// TypeScript's library lacks the reviver's argument with the source text of a number.
type Reviver = (this: unknown, key: string, value: unknown, context: { source: string }) => unknown

const keepScoreText: Reviver = (key, value, { source }) =>
  typeof value === 'number' && SCORES.has(key) ? source : value

const readJson = (text: string): AnswerFields | null => {
  const fields = pickFields(JSON.parse(text))
  // Scores usually are strings. A number is reread as written: 95.250 would become 95.25.
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
 * Parses a GetResult body as JSON or XML, by its first character: the content type is often wrong. Returns null for all
 * else: HTML, cut or empty bodies, invalid UTF-8, a DTD, or nesting that is too deep.
 */
export const readReplyText = (bytes: Uint8Array): AnswerFields | null => {
  try {
    const text = utf8.decode(bytes).trimStart()
    if (text.startsWith('{')) return readJson(text)
    return text.startsWith('<') ? readXml(text) : null
  } catch {
    // The parsers and the decoder throw on bad input, and have no side effects.
    return null
  }
}
