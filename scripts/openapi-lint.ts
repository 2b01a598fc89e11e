import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDocument } from '../src/http/openapi/document.ts'
import { createRegistrationBody } from '../src/http/partner/registration-body.ts'
import { VERSION } from '../src/version.ts'

const ROOT = join(import.meta.dirname, '..')
const LINTER = fileURLToPath(new URL('bin/cli.js', import.meta.resolve('@redocly/cli/package.json')))
/** Otherwise it would look for newer versions and send usage data. */
const OFFLINE = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

const now = () => 0
const registrationBody = createRegistrationBody({ judgeUrl: () => ({ ok: false, message: { en: '', zh: '' } }), now })
const folder = mkdtempSync(join(tmpdir(), 'openapi-'))
try {
  const file = join(folder, 'openapi.json')
  writeFileSync(file, JSON.stringify(createDocument({ version: VERSION, registrationBody, now }), null, 2))
  const config = join(ROOT, 'redocly.yaml')
  const { status } = spawnSync(process.execPath, [LINTER, 'lint', file, '--config', config], {
    stdio: 'inherit',
    env: { ...process.env, ...OFFLINE },
  })
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
