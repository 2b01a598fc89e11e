import type { Context } from 'hono'
import { readTraceparent } from '../../core/traceparent.ts'

/** What is stored with what a request registers; null: nothing, or what it says is malformed. */
export const traceparentOf = (c: Context): string | null => readTraceparent(c.req.header('traceparent'))
