import { NODE_ROLES } from '../../../src/core/node.ts'
import type { NewNode } from '../../../src/store/operators/nodes.ts'

/** As a node tells of itself. */
export const newNode = (name: string, more: Partial<NewNode> = {}): NewNode => ({
  ...{ id: `node_${name}`, name: `${name}:8080`, version: '1.0.0', settings: 'aaaaaaaa', roles: NODE_ROLES },
  ...{ clockAheadMs: null, answers: null, ...more },
})
