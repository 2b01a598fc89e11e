/** Roles that a node may have. The nodes of a database need all of them together. */
export const NODE_ROLES = ['api', 'poll', 'deliver'] as const
export type NodeRole = (typeof NODE_ROLES)[number]

/** Traits that the nodes of one database should have in common. */
export const NODE_TRAITS = ['version', 'settings', 'key'] as const
export type NodeTrait = (typeof NODE_TRAITS)[number]
