import { createHash } from 'node:crypto'
import type { Context } from 'hono'

/** Calls `make` when its value is first needed, and again only where that has failed. */
export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch(error => {
      made = undefined
      throw error
    })
    return made
  }
}

export interface Asset {
  type: string
  /** Sent as they are, to any number of callers at once, without a copy. */
  bytes: Uint8Array<ArrayBuffer>
  etag: string
}
type Content = Uint8Array<ArrayBuffer> | string

export const createAsset = (type: string, content: Content): Asset => {
  const bytes = new Uint8Array(Buffer.from(content))
  return { type, bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` }
}

/** Made when it is first needed, and its ETag with it. */
export const assetOf = (type: string, make: () => Content | Promise<Content>): (() => Promise<Asset>) =>
  once(async () => createAsset(type, await make()))

/** Whether the caller has this version already. */
const isKnown = (sent: string | undefined, etag: string): boolean =>
  sent?.split(',').some(one => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag) ?? false

/** 304 where the caller has it; otherwise the whole. */
export const send = (c: Context, { type, bytes, etag }: Asset): Response =>
  isKnown(c.req.header('if-none-match'), etag)
    ? c.body(null, 304, { etag })
    : c.body(bytes, 200, { etag, 'content-type': type })
