import { z } from 'zod'
import { NODE_ROLES, NODE_TRAITS } from '../../core/node.ts'
import { judgeNodes, type ServiceNode } from '../../store/operators/nodes.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT, idField } from '../json/fields.ts'
import { listOf } from '../json/pagination.ts'

export const NODE = z.object({
  id: idField('node').describe('The id of this run of the process; `/readyz` names nodes by it.'),
  name: z.string().describe('Its host and port.'),
  roles: z.array(z.enum(NODE_ROLES)).readonly(),
  version: z.string(),
  settings: z.string().describe('A fingerprint of its settings: the same for nodes with the same settings.'),
  key: z.string().describe('A fingerprint of its master key.'),
  startedAt: AT,
  seenAt: AT.describe('When it last reported, which it does every 5 s.'),
  lost: z
    .boolean()
    .describe(
      'It has not reported for 30 s, was not stopped, and no other node was started in its place. No longer listed after a day.',
    ),
  differsIn: z.array(z.enum(NODE_TRAITS)).readonly().describe('How it differs from the node that was started last.'),
  settingsDiffering: z.array(z.string()).readonly().describe('The names of the settings in which it differs.'),
})

/** Returns the nodes with their faults, by their names in the admin API. */
export const namedNodes = (nodes: readonly ServiceNode[]) =>
  judgeNodes(nodes).map(node => ({ ...node, settings: node.settings.replace(/ .*/, ''), lost: node.isLost }))

/** `GET /v1/admin/nodes`. They are few, so one page has all. */
export const NODE_CALLS = {
  'GET /v1/admin/nodes': adminOperation({
    role: 'read',
    operationId: 'listNodes',
    summary: 'List the nodes that work on the database, oldest first',
    description: 'Which of them are lost, and which differ from the others. There are 100 at most.',
    answers: { 200: listOf(NODE) },
    handle: async (c, { store }) => {
      const nodes = namedNodes(await store.listNodes())
      return c.json({ data: nodes.map(node => z.decode(NODE, node)), nextCursor: null })
    },
  }),
} satisfies AdminCalls
