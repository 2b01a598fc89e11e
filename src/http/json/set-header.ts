import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

/**
 * As `c.header`, but straight into Node's response where there is one: the `Headers` that Hono makes otherwise, and takes
 * apart again, cost as much as checking the body.
 */
export const setHeader = (c: Context, name: string, value: string): void => {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>
  if (outgoing) outgoing.setHeader(name, value)
  else c.header(name, value)
}
