/** Every check, in the order in which they are made and told. */
export const CHECK_NAMES = [
  'settings',
  'versions',
  'files',
  'disk',
  'space',
  'integrity',
  'schema',
  'key',
  'log',
  'holders',
  'litestream',
  'dns',
  'upstream',
  'clock',
  'proxies',
  'operator',
  'accounts',
  'due',
  'exhausted',
  'backup',
] as const

export type CheckName = (typeof CHECK_NAMES)[number]
