import { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import type { z } from 'zod'
import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import type { ApiEnv } from '../api-env.ts'
import { nodeBindings } from '../caller.ts'
import { checkBody } from './validate.ts'

const BODY_BYTES = 64 * 1024
const UTF8 = new TextDecoder('utf-8', { fatal: true })
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

interface ReadOptions {
  /** Maximum number of bytes; 64 KiB by default. */
  limit?: number | undefined
  /** An empty body with any headers stands for `{}`. Otherwise it is refused. */
  mayBeEmpty?: boolean
}

/**
 * Reads a JSON body and checks it against the schema.
 *
 * Throws `AppError` with `unsupported_media_type`, `payload_too_large`, `invalid_json` or `invalid_body`. If an object
 * has a name twice, the last value counts, as everywhere in JavaScript.
 */
export const readBody = async <T>(
  c: Context<ApiEnv>,
  schema: z.ZodType<T>,
  { limit = BODY_BYTES, mayBeEmpty = false }: ReadOptions = {},
): Promise<T> => {
  if (!mayBeEmpty) refuseOtherTypes(c)
  const bytes = await readBytes(c, limit).catch(error => {
    // The connection broke off. Nobody reads this response, but the error must not be logged as a bug.
    throw error instanceof AppError ? error : new AppError('invalid_json', INCOMPLETE)
  })
  if (mayBeEmpty && bytes.length === 0) return checkBody({}, schema)
  refuseOtherTypes(c)
  const body = parseJson(bytes)
  c.set('isDryRun', (body as { dryRun?: unknown } | null)?.dryRun === true)
  return checkBody(body, schema)
}

const INCOMPLETE = { en: 'The body is incomplete.', zh: '请求体不完整。' }
const EMPTY = { en: 'The body is empty: send a JSON object.', zh: '请求体为空：请发送一个 JSON 对象。' }
const NOT_UTF8 = { en: 'The body is not valid UTF-8.', zh: '请求体不是有效的 UTF-8。' }
const NOT_JSON = {
  en: 'Send the body as UTF-8 with "content-type: application/json".',
  zh: '请以 UTF-8 发送请求体，并带上 "content-type: application/json"。',
}
const ENCODED = { en: 'Send the body without a content-encoding.', zh: '发送请求体时请不要使用 content-encoding。' }

/** Names the line and column if V8 does. For an unexpected token it quotes the body instead, which is not passed on. */
const notJson = (fault: unknown): Words => {
  const [, line, column] = / \(line (\d+) column (\d+)\)$/.exec(String(fault)) ?? []
  return {
    en: `The body is not valid JSON${line ? `: see line ${line}, column ${column}` : ''}.`,
    zh: `请求体不是有效的 JSON${line ? `：请检查第 ${line} 行第 ${column} 列` : ''}。`,
  }
}

const refuseOtherTypes = (c: Context): void => {
  if (!JSON_TYPE.test(c.req.header('content-type')?.trim() ?? ''))
    throw new AppError('unsupported_media_type', NOT_JSON)
  if (c.req.header('content-encoding') !== undefined) throw new AppError('unsupported_media_type', ENCODED)
}

/** Minimum charge of a chunk of a body of unknown length: a chunk of a byte takes as long as one of some hundred. */
const MIN_CHUNK_BYTES = 512

/**
 * Charges a body before it is kept: at once if its length is known, otherwise by the chunk. The HTTP parser enforces a
 * Content-Length if there is no Transfer-Encoding.
 */
const readBytes = async (c: Context<ApiEnv>, limit: number): Promise<Uint8Array> => {
  const charge = c.get('charge') as ApiEnv['Variables']['charge'] | undefined
  const known = c.req.header('transfer-encoding') === undefined ? c.req.header('content-length') : undefined
  const size = Number(known ?? 0)
  if (!(size <= limit)) throw tooLarge(limit)
  if (size > 0) charge?.(size)
  const whole = takeWhole(c, size)
  if (whole) return whole
  // One buffer, because a kept chunk takes far more memory than it has bytes. Unfilled memory costs nothing.
  const kept = Buffer.allocUnsafeSlow(size || limit)
  let length = 0
  const add = (chunk: Uint8Array): void => {
    if (length + chunk.length > limit) throw tooLarge(limit)
    if (size === 0) charge?.(Math.max(chunk.length, MIN_CHUNK_BYTES))
    kept.set(chunk, length)
    length += chunk.length
  }
  const { incoming } = nodeBindings(c)
  if (incoming instanceof IncomingMessage) await takeChunks(incoming, add)
  else for await (const chunk of c.req.raw.body ?? []) add(chunk)
  return kept.subarray(0, length)
}

/** Reads by events: a web stream's promises cost some 3 s a MiB in chunks of a byte. Rejects when `add` throws. */
const takeChunks = (incoming: IncomingMessage, add: (chunk: Uint8Array) => void) =>
  new Promise<void>((resolve, reject) => {
    let isRefused = false
    const breakOff = () => reject(new Error('The connection is gone.'))
    if (incoming.destroyed) return breakOff()
    incoming.once('end', resolve).once('error', reject).once('close', breakOff)
    incoming.on('data', (chunk: Buffer) => {
      if (isRefused) return
      try {
        add(chunk)
      } catch (error) {
        isRefused = true
        // Nothing more is parsed; after the response, `endUnreadBody` goes on.
        incoming.socket.pause()
        reject(error)
      }
    })
  })

/**
 * Returns the whole body, without listeners or a copy, if it has arrived together with the head, as most do. Returns
 * null if its length is unknown, a part is still to come, or the caller is gone.
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
  new AppError('payload_too_large', {
    en: `The body must be at most ${limit / 1024} KiB.`,
    zh: `请求体不能超过 ${limit / 1024} KiB。`,
  })

const parseJson = (bytes: Uint8Array): unknown => {
  if (bytes.length === 0) throw new AppError('invalid_json', EMPTY)
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch {
    throw new AppError('invalid_json', NOT_UTF8)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AppError('invalid_json', notJson(error))
  }
}
