import { defineConfig } from 'drizzle-kit'

/** Which engine's migration is generated: `sqlite` or `postgresql`. */
const dialect = process.env.DIALECT === 'postgresql' ? 'postgresql' : 'sqlite'
const room = dialect === 'postgresql' ? 'postgres' : 'sqlite'

export default defineConfig({ dialect, schema: `./src/store/${room}/schema.ts`, out: `./migrations/${room}` })
