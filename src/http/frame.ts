import { Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import type { Result, Router } from 'hono/router'
import { TrieRouter } from 'hono/router/trie-router'
import type { Words } from '../core/language.ts'
import type { Tracer } from '../telemetry/traces/tracer.ts'
import { sendError, sendProblem } from './json/problem.ts'
import type { ApiEnv } from './middleware/authenticate.ts'
import { createRequestLog, createRequestSpan, type RequestLogDeps } from './middleware/request-log.ts'

const hasParameter = (path: string): boolean => /[:*?]/.test(path)

/**
 * Hono's `TrieRouter`, which keeps what it has found for paths without parameters. Searching again for each request would
 * take some 8 % of the CPU of a registration. There are at most as many results as such routes and methods.
 */
const createRouter = <T>(): Router<T> => {
  const trie = new TrieRouter<T>()
  const fixed = new Map<string, Map<string, Result<T>>>()

  return {
    name: 'CachingRouter',
    add: (method, path, handler) => {
      if (!hasParameter(path)) fixed.set(path, new Map())
      trie.add(method, path, handler)
    },
    match: (method, path) => {
      const results = fixed.get(path)
      const known = results?.get(method)
      if (known) return known
      const result = trie.match(method, path)
      results?.set(method, result)
      return result
    },
  }
}

export interface FrameDeps extends Omit<RequestLogDeps, 'refuseMethod'> {
  /** Null: there are no traces. */
  tracer: Pick<Tracer, 'request'> | null
}

/**
 * A Hono app without routes: every request is logged, and every error is answered as `application/problem+json`.
 *
 * @param notFound what is said of an address that does not exist
 */
export const createFrame = (deps: FrameDeps, notFound: Words): Hono<ApiEnv> => {
  const app = new Hono<ApiEnv>({ router: createRouter() })
  const refuseMethod = methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allow = methods.join(', ')
      return sendProblem(c, {
        code: 'method_not_allowed',
        detail: { en: `This address supports ${allow}.`, zh: `该地址支持的方法：${methods.join('、')}。` },
        headers: { allow },
      })
    },
  })
  // Around all others, so that it sees what they answer; a middleware less where there are no traces.
  if (deps.tracer) app.use(createRequestSpan(deps.tracer))
  app.use(createRequestLog({ ...deps, refuseMethod }))
  app.onError((error, c) => sendError(c, error))
  app.notFound(c => sendProblem(c, { code: 'not_found', detail: notFound }))
  return app
}
