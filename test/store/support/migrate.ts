import { openSqliteStore } from '../../../src/store/sqlite/store.ts'

/** Opens an old file, and so brings it to the current schema; says when it begins. */
const [path = ''] = process.argv.slice(2)
process.send?.('begins')
await openSqliteStore({ path, masterKey: Buffer.alloc(32, 7), now: () => 0, defaultRate: 1 })
