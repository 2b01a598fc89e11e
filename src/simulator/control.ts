import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { type AccountScript, accountScriptSchema, type Script, scriptSchema } from './script.ts'
import type { GetResultCall } from './upstream.ts'

interface ControlDeps {
  script: (idcardid: string, script: Script) => void
  account: (apiId: string, script: AccountScript | null) => void
  calls: readonly GetResultCall[]
}

const serialBody = scriptSchema.extend({ idcardid: z.string().min(1) })
const accountBody = accountScriptSchema.extend({ apiId: z.string().min(1) })

/**
 * Controls the simulator from other programs. Bodies are JSON with the names of `script.ts`. Answers 204, or 400 with
 * the mistakes in plain text.
 *
 *   POST   /_script   {"idcardid": "123", "afterMs": 3000, "status": "FAIL"}
 *   POST   /_script   {"idcardid": "123", "steps": [{"fault": "reset"}, {"http": 429, "retryAfter": "10"}]}
 *   POST   /_script   {"idcardid": "123", "hiddenMs": 2000, "afterMs": 3000, "once": true}
 *   POST   /_account  {"apiId": "x", "code": 4052, "times": 3}     every serial of the account
 *   POST   /_account  {"apiId": "x", "code": 4081, "above": 5}     only its calls above 5 a second
 *   DELETE /_account?apiId=x                                       ends that
 *   GET    /_calls?idcardid=123                                    {"data": [call, …]}, of all serials without idcardid
 */
export const createControl = (deps: ControlDeps): RequestListener => {
  const app = new Hono()

  app.post('/_script', c => perform(c, serialBody, ({ idcardid, ...script }) => deps.script(idcardid, script)))
  app.post('/_account', c => perform(c, accountBody, ({ apiId, ...script }) => deps.account(apiId, script)))
  app.delete('/_account', c => {
    deps.account(c.req.query('apiId') ?? '', null)
    return c.body(null, 204)
  })
  app.get('/_calls', c => {
    const idcardid = c.req.query('idcardid')
    return c.json({ data: deps.calls.filter(call => idcardid === undefined || call.idcardid === idcardid) })
  })

  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  return (request, response) => void listener(request, response)
}

const perform = async <T>(c: Context, schema: z.ZodType<T>, act: (body: T) => void): Promise<Response> => {
  // A web page can post text or a form to this machine unasked, but not JSON.
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    return c.text('send content-type: application/json\n', 415)
  }
  const read = schema.safeParse(await c.req.json().catch(() => undefined))
  if (!read.success) return c.text(`${z.prettifyError(read.error)}\n`, 400)
  act(read.data)
  return c.body(null, 204)
}
