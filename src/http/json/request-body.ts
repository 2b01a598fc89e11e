import type { Context } from 'hono'
import type { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { nodeBindings } from '../node-bindings.ts'
import { checkBody } from './validate.ts'

export const BODY_BYTES = 64 * 1024
const UTF8 = new TextDecoder('utf-8', { fatal: true })
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

interface ReadOptions {
  /** The most bytes. */
  limit?: number
  /** Is told their number before they are parsed, which costs far more than to read them; throws to refuse them. */
  charge?: (bytes: number) => void
}

/**
 * Reads a JSON body and checks it against the schema.
 *
 * Throws `AppError` with `unsupported_media_type`, `payload_too_large`, `invalid_json` or `invalid_body`. If an object has a
 * name twice, the last value counts, as everywhere in JavaScript.
 */
export const readBody = async <T>(
  c: Context,
  schema: z.ZodType<T>,
  { limit = BODY_BYTES, charge = () => {} }: ReadOptions = {},
): Promise<T> => {
  refuseOtherTypes(c)
  const bytes = await readBytes(c, limit).catch(error => {
    // The connection broke off. Nobody reads this answer, but it must not be logged as a bug.
    throw error instanceof AppError ? error : new AppError('invalid_json', 'The body is incomplete.')
  })
  charge(bytes.length)
  return checkBody(parseJson(bytes), schema)
}

/** For calls whose body is optional. A client may name a type although it sends nothing. */
export const hasBody = (c: Context): boolean =>
  c.req.header('content-length') !== '0' &&
  ['content-length', 'transfer-encoding', 'content-type'].some(name => c.req.header(name) !== undefined)

const refuseOtherTypes = (c: Context): void => {
  if (!JSON_TYPE.test(c.req.header('content-type')?.trim() ?? ''))
    throw new AppError('unsupported_media_type', 'Send the body as UTF-8 with "content-type: application/json".')
  if (c.req.header('content-encoding') !== undefined)
    throw new AppError('unsupported_media_type', 'Send the body without a content-encoding.')
}

/** The HTTP parser enforces a Content-Length if there is no Transfer-Encoding; otherwise the bytes are counted here. */
const readBytes = async (c: Context, limit: number): Promise<Uint8Array> => {
  const length = c.req.header('content-length')
  if (length !== undefined && c.req.header('transfer-encoding') === undefined) {
    const size = Number(length)
    if (!(size <= limit)) throw tooLarge(limit)
    const bytes = takeWhole(c, size) ?? new Uint8Array(await c.req.arrayBuffer())
    if (bytes.length > limit) throw tooLarge(limit)
    return bytes
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * The whole body without listeners and without a copy, if it has arrived together with the head, as most do. Null if a part
 * is still to come, or the caller is gone.
 */
const takeWhole = (c: Context, size: number): Uint8Array | null => {
  const { incoming } = nodeBindings(c)
  if (!incoming || incoming.destroyed || size === 0 || incoming.readableLength !== size) return null
  const bytes: Buffer = incoming.read()
  // Otherwise Node's server would wait for the end of the body.
  incoming.resume()
  return bytes
}

const tooLarge = (limit: number): AppError =>
  new AppError('payload_too_large', `The body must be at most ${limit / 1024} KiB.`)

const parseJson = (bytes: Uint8Array): unknown => {
  if (bytes.length === 0) throw new AppError('invalid_json', 'The body is empty: send a JSON object.')
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch {
    throw new AppError('invalid_json', 'The body is not valid UTF-8.')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    // The rest of the error's message quotes the body.
    const where = /at position \d+( \(line \d+ column \d+\))?/.exec(String(error))?.[0]
    throw new AppError('invalid_json', `The body is not valid JSON${where ? `: see ${where.slice(3)}` : ''}.`)
  }
}
