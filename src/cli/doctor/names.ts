/** Every check, in the order in which they are made and told. */
export const CHECK_NAMES = [
  'settings',
  'versions',
  'files',
  'disk',
  'space',
  'integrity',
  'server',
  'schema',
  'key',
  'log',
  'holders',
  'litestream',
  'durability',
  'vacuum',
  'transactions',
  'locks',
  'connections',
  'dns',
  'upstream',
  'clock',
  'proxies',
  'operator',
  'accounts',
  'due',
  'exhausted',
  'callbacks',
  'nodes',
  'backup',
] as const

export type CheckName = (typeof CHECK_NAMES)[number]

/** Those that are about one kind of database. */
export const OF_ENGINE: Readonly<Partial<Record<CheckName, 'sqlite' | 'postgres'>>> = {
  files: 'sqlite',
  disk: 'sqlite',
  space: 'sqlite',
  integrity: 'sqlite',
  log: 'sqlite',
  litestream: 'sqlite',
  server: 'postgres',
  durability: 'postgres',
  vacuum: 'postgres',
  transactions: 'postgres',
  locks: 'postgres',
  connections: 'postgres',
}
