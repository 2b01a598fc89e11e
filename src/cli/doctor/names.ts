/** Every check, in the order in which they are made and told. */
export const CHECK_NAMES = [
  ...(['settings', 'versions', 'files', 'space', 'integrity', 'server', 'schema', 'key', 'transactions'] as const),
  ...(['locks', 'dns', 'upstream', 'clock', 'proxies', 'operator', 'work', 'backup'] as const),
] as const

export type CheckName = (typeof CHECK_NAMES)[number]
