import { execSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ROOT } from '../../support/service.ts'

/** The version before this one: the last whose schema ends with `0001_contacts`, and whose claims move due times. */
const VERSION_BEFORE = 'e3c66d2d8a0d31f54512f1c064b408d690b1a001'
const CHECKOUT = join(tmpdir(), `idface-notifier-${VERSION_BEFORE.slice(0, 12)}`)

const dependenciesOf = (root: string): unknown =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: unknown }).dependencies

/** The checkout of the version before, kept for later runs. Prints why and returns null if there is none. */
export const findVersionBefore = (): string | null => {
  // Linked folders may be gone.
  if (existsSync(join(CHECKOUT, 'node_modules', 'hono'))) return CHECKOUT
  rmSync(CHECKOUT, { recursive: true, force: true })
  const draft = mkdtempSync(`${CHECKOUT}-`)
  try {
    execSync(`set -o pipefail; git archive ${VERSION_BEFORE} | tar -x -C ${draft}`, {
      cwd: ROOT,
      shell: 'bash',
      stdio: 'pipe',
    })
    if (isDeepStrictEqual(dependenciesOf(draft), dependenciesOf(ROOT)))
      symlinkSync(join(ROOT, 'node_modules'), join(draft, 'node_modules'))
    else execSync('npm ci --omit=dev', { cwd: draft, stdio: 'pipe' })
    renameSync(draft, CHECKOUT)
    return CHECKOUT
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    process.stderr.write(`skipped: no upgrade, since there is no version before: ${(error as Error).message}\n`)
    return null
  }
}
