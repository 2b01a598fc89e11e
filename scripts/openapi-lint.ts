import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDocument } from '../src/http/openapi/document.ts'
import { createRegistrationBody } from '../src/http/registration-body.ts'
import { VERSION } from '../src/version.ts'

const ROOT = join(import.meta.dirname, '..')
/** It would ask for newer versions and tell how it is used. */
const OFFLINE = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

const now = () => 0
const registrationBody = createRegistrationBody({ judgeUrl: () => ({ ok: false, message: '' }), now })
const folder = mkdtempSync(join(tmpdir(), 'openapi-'))
try {
  const file = join(folder, 'openapi.json')
  writeFileSync(file, JSON.stringify(createDocument({ version: VERSION, registrationBody, now }), null, 2))
  const linter = join(ROOT, 'node_modules/.bin/redocly')
  const config = join(ROOT, 'redocly.yaml')
  execFileSync(linter, ['lint', file, '--config', config, '--max-problems', '50'], {
    stdio: 'inherit',
    env: { ...process.env, ...OFFLINE },
  })
} catch {
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
