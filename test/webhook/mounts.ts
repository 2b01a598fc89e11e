import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { Hono } from 'hono'
import type { WebhookHandler } from '../../src/webhook/index.ts'

/** How each framework gets the handler, as `docs/verify.md` has it. */
export const MOUNTS: Readonly<Record<string, (handler: WebhookHandler) => RequestListener>> = {
  'node:http': handler => handler,
  Express: handler => {
    const app = express()
    app.post('/hook', handler)
    app.use(express.json())
    return app
  },
  'Express with a raw body': handler => {
    const app = express()
    app.post('/hook', express.raw({ type: 'application/json', limit: '1mb' }), handler)
    return app
  },
  'Express that parses every body': handler => {
    const app = express()
    app.use(
      express.json({
        limit: '1mb',
        verify: (request, _, rawBody) => {
          Object.assign(request, { rawBody })
        },
      }),
    )
    app.post('/hook', handler)
    return app
  },
  Hono: handler => getRequestListener(new Hono().post('/hook', c => handler(c.req.raw)).fetch),
  Fetch: handler => getRequestListener(handler),
}

/** Express that has parsed the body before, so that a raw parser finds nothing. */
export const parsedBefore = (handler: WebhookHandler): RequestListener => {
  const app = express()
  app.use(express.json({ limit: '1mb' }))
  app.post('/hook', express.raw({ type: 'application/json' }), handler)
  return app
}

/** Serves it on a free port. */
export const openServer = async (listener: RequestListener) => {
  const server: Server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
