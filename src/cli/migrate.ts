import { print, withStore } from './environment.ts'
import type { JsonOption } from './options.ts'

export const migrate = ({ json }: JsonOption): Promise<void> =>
  withStore(async () => print(json ? JSON.stringify({ migrated: true }) : 'The database is at the current schema.'))
