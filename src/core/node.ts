/** Roles that a node may have. The nodes of a database need all of them together. */
export const NODE_ROLES = ['api', 'poll', 'deliver'] as const
export type NodeRole = (typeof NODE_ROLES)[number]

/** Traits that the nodes of one database should have in common. */
export const NODE_TRAITS = ['version', 'settings', 'key'] as const
export type NodeTrait = (typeof NODE_TRAITS)[number]

/**
 * Returns the names of the settings that differ, of two texts of `settingPrintsOf`; empty if an older version wrote one,
 * without names.
 */
export const differingSettings = (one: string, other: string): string[] => {
  const [prints, others] = [one, other].map(text => text.split(' ').slice(1)) as [string[], string[]]
  if (others.length === 0) return []
  return prints.filter(print => !others.includes(print)).map(print => print.replace(/=.*/, ''))
}
