/** What a node may do of the service's work. All that a database needs is done where its nodes have all of them together. */
export const NODE_ROLES = ['api', 'poll', 'deliver'] as const
export type NodeRole = (typeof NODE_ROLES)[number]

/** What nodes of one database should have in common. */
export const NODE_TRAITS = ['version', 'settings', 'key'] as const
export type NodeTrait = (typeof NODE_TRAITS)[number]
