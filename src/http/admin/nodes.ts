import { Hono } from 'hono'
import { z } from 'zod'
import { NODE_ROLES, NODE_TRAITS } from '../../core/node.ts'
import { type JudgedNode, judgeNodes } from '../../store/operators/nodes.ts'
import type { Store } from '../../store/store.ts'
import type { ApiEnv } from '../api-env.ts'
import { AT, idField, jsonTime } from '../json/fields.ts'
import { noQuery } from '../json/validate.ts'

interface AdminNodeDeps {
  store: Pick<Store, 'listNodes'>
}

export const NODE = z.strictObject({
  id: idField('node').describe('Of this start of the process; `/readyz` names nodes by it.'),
  name: z.string().describe('Its host and port.'),
  roles: z.array(z.enum(NODE_ROLES)),
  version: z.string(),
  settings: z.string().describe('Names its settings: nodes with the same ones have the same name for them.'),
  key: z.string().describe('Names its master key.'),
  startedAt: AT,
  seenAt: AT.describe('When it last showed itself, which it does every 5 s.'),
  lost: z
    .boolean()
    .describe(
      'It has not shown itself for 30 s, was not stopped, and nobody was started for its work. Forgotten after a day.',
    ),
  differsIn: z.array(z.enum(NODE_TRAITS)).describe('In what it is not as the node that was started last.'),
})

export const viewNode = (node: JudgedNode): z.output<typeof NODE> => ({
  id: node.id,
  name: node.name,
  roles: [...node.roles],
  version: node.version,
  settings: node.settings,
  key: node.key,
  startedAt: jsonTime(node.startedAt),
  seenAt: jsonTime(node.seenAt),
  lost: node.isLost,
  differsIn: [...node.differsIn],
})

/** `GET /v1/admin/nodes`. There are few, so they are one page. */
export const createAdminNodes = ({ store }: AdminNodeDeps) => {
  const app = new Hono<ApiEnv>()
  app.get('/', noQuery, async c => {
    const nodes = judgeNodes(await store.listNodes())
    return c.json({ data: nodes.map(viewNode), nextCursor: null })
  })
  return app
}
