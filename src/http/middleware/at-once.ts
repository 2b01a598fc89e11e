import type { Context, Next } from 'hono'
import { AppError } from '../../core/error.ts'
import { hasHungUp } from '../../store/turns.ts'
import { nodeBindings, setHeader } from '../node-bindings.ts'

/**
 * Runs a caller's request while fewer than `most` of its requests are being answered. A connection stays while its request is being
 * answered, so lists that take long could hold all of them and keep everybody else out. Where there are as many as may be, it throws
 * `AppError('too_many_requests')` and ends the connection.
 */
export const createAtOnce = (most: number) => {
  const counts = new Map<string, number>()
  const detail = {
    en: `${most} of your requests are being answered still.`,
    zh: `最多同时处理 ${most} 个请求，已达上限。`,
  }

  return async (caller: string, c: Context, next: Next): Promise<void> => {
    const count = counts.get(caller) ?? 0
    if (count >= most) {
      // Thousands of connections that ask again and again would starve new ones.
      setHeader(c, 'connection', 'close')
      throw new AppError('too_many_requests', detail)
    }
    counts.set(caller, count + 1)
    const { outgoing } = nodeBindings(c)
    try {
      await hasHungUp.run(() => outgoing?.destroyed === true, next)
    } finally {
      const left = (counts.get(caller) ?? 1) - 1
      if (left > 0) counts.set(caller, left)
      else counts.delete(caller)
    }
  }
}
