import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { countErrors, fieldErrors } from './field-errors.ts'

const BODY_BYTES = 64 * 1024
const UTF8 = new TextDecoder('utf-8', { fatal: true })
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

/**
 * Reads a JSON body and checks it against the schema.
 *
 * Throws `AppError` with `unsupported_media_type`, `payload_too_large`, `invalid_json` or `invalid_body`. Of a name that is
 * twice in an object the last value counts, as everywhere in JavaScript.
 */
export const readBody = async <T>(c: Context, schema: z.ZodType<T>, limit = BODY_BYTES): Promise<T> => {
  refuseOtherTypes(c)
  const bytes = await readBytes(c, limit).catch(error => {
    // Only a connection that breaks off ends here; nobody is there to read this, but it is no fault of ours.
    throw error instanceof AppError ? error : new AppError('invalid_json', 'The body broke off before its end.')
  })
  return checkBody(parseJson(bytes), schema)
}

/** For calls that may go without one. */
export const hasBody = (c: Context): boolean =>
  Number(c.req.header('content-length') ?? 0) > 0 ||
  c.req.header('transfer-encoding') !== undefined ||
  c.req.header('content-type') !== undefined

const refuseOtherTypes = (c: Context): void => {
  if (!JSON_TYPE.test(c.req.header('content-type')?.trim() ?? ''))
    throw new AppError('unsupported_media_type', 'Send the body as UTF-8 with "content-type: application/json".')
  if (c.req.header('content-encoding') !== undefined)
    throw new AppError('unsupported_media_type', 'Send the body as it is, without a content-encoding.')
}

/** With a Content-Length, and nothing else, the HTTP parser holds the sender to it; without, the bytes are counted. */
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
 * The body where all of it has come with its head, as most do: as it is, without listeners and a copy. Null where some is
 * still to come, or the caller has gone.
 */
const takeWhole = (c: Context, size: number): Uint8Array | null => {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  if (!incoming || incoming.destroyed || size === 0 || incoming.readableLength !== size) return null
  const bytes: Buffer = incoming.read()
  // On to its end, without which Node's server would wait for more.
  incoming.resume()
  return bytes
}

const tooLarge = (limit: number): AppError =>
  new AppError('payload_too_large', `The body may have ${limit / 1024} KiB at most.`)

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
    // The rest of the message quotes the body.
    const where = /at position \d+( \(line \d+ column \d+\))?/.exec(String(error))?.[0]
    throw new AppError('invalid_json', `The body is not valid JSON${where ? `: see ${where.slice(3)}` : ''}.`)
  }
}

/** Throws `AppError('invalid_body')` that lists every invalid field. */
export const checkBody = <T>(value: unknown, schema: z.ZodType<T>): T => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  const errors = fieldErrors(parsed.error, known)
  throw new AppError('invalid_body', countErrors(errors, ['field of the body', 'fields of the body']), { errors })
}
