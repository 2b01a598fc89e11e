// The OpenAPI documents, that of partners in both languages, have to pass two linters without a warning: Redocly's and Spectral's.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import spectral from '@stoplight/spectral-core'
import rulesets from '@stoplight/spectral-rulesets'
import { createOperatorDocument, createPartnerDocument } from '../src/http/openapi/document.ts'
import { VERSION } from '../src/version.ts'

const REDOCLY = fileURLToPath(new URL('bin/cli.js', import.meta.resolve('@redocly/cli/package.json')))
/** Otherwise it would look for newer versions and send usage data. */
const OFFLINE = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

const DOCUMENTS = {
  'openapi.json': createPartnerDocument(VERSION, 'en'),
  'openapi.zh.json': createPartnerDocument(VERSION, 'zh'),
  'openapi-admin.json': createOperatorDocument(VERSION),
}

const passesRedocly = (folder: string): boolean => {
  const files = Object.entries(DOCUMENTS).map(([name, document]) => {
    const file = join(folder, name)
    writeFileSync(file, JSON.stringify(document, null, 2))
    return file
  })
  const { status } = spawnSync(process.execPath, [REDOCLY, 'lint', ...files, '--extends', 'recommended-strict'], {
    stdio: 'inherit',
    env: { ...process.env, ...OFFLINE },
  })
  return status === 0
}

const linter = new spectral.Spectral()
/** Its types do not know that a ruleset may be made only of rules. */
const RULESET = {
  // Rules that are not recommended too.
  extends: [[rulesets.oas, 'all']],
  rules: {
    // A reader meets registrations first.
    'openapi-tags-alphabetical': 'off',
    // Each service has an operator of its own, whose e-mail address it does not know.
    'contact-properties': 'off',
  },
} as unknown as spectral.RulesetDefinition
linter.setRuleset(RULESET)

const passesSpectral = async (): Promise<boolean> => {
  let count = 0
  for (const [name, document] of Object.entries(DOCUMENTS))
    for (const { code, path, message } of await linter.run(JSON.stringify(document))) {
      count++
      process.stderr.write(`${name}: ${path.join('.')}: ${message} (${code})\n`)
    }
  process.stdout.write(`Spectral: ${count === 0 ? 'no warnings' : `${count} warnings`}.\n`)
  return count === 0
}

const folder = mkdtempSync(join(tmpdir(), 'openapi-'))
try {
  const passed = [passesRedocly(folder), await passesSpectral()]
  process.exitCode = passed.every(Boolean) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
