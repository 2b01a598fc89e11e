import type { Result, Router } from 'hono/router'
import { TrieRouter } from 'hono/router/trie-router'

const hasParameter = (path: string): boolean => /[:*?]/.test(path)

/**
 * Hono's `TrieRouter`, the only one that takes all of our routes. It searches anew for each request, so what it has found
 * for a path without parameters is kept; there are as many of these as routes and methods, whatever callers ask for.
 */
export const createRouter = <T>(): Router<T> => {
  const trie = new TrieRouter<T>()
  const fixed = new Map<string, Map<string, Result<T>>>()

  return {
    name: 'KeepingRouter',
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
