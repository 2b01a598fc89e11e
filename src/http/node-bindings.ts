import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

/** Node's own request and response; in tests that call the app without a server there are none. */
export const nodeBindings = (c: Context): Partial<HttpBindings> => c.env ?? {}

/**
 * Does what `c.header` does, but writes straight to Node's response: Hono would make a `Headers` object and take it apart
 * again, which costs as much as checking a body.
 */
export const setHeader = (c: Context, name: string, value: string): void => {
  const { outgoing } = nodeBindings(c)
  if (outgoing) outgoing.setHeader(name, value)
  else c.header(name, value)
}
