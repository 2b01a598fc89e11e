import { cpSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What `/docs` serves, and the terms under which it may be handed on. */
const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt']

for (const name of FILES) {
  const from = new URL(name, import.meta.resolve('swagger-ui-dist/package.json'))
  cpSync(fileURLToPath(from), fileURLToPath(new URL(`../dist/served/swagger-ui/${name}`, import.meta.url)))
}
