import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ROOT } from '../../support/service.ts'

/** The version before this one: the last whose schema is the baseline alone. */
const VERSION_BEFORE = 'e23cbfd38fee3df3d1aa18aa4a32468dffe84757'
const CHECKOUT = join(tmpdir(), `idface-notifier-${VERSION_BEFORE.slice(0, 12)}`)

const dependenciesOf = (root: string): unknown =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: unknown }).dependencies

const run = (command: string, args: readonly string[], cwd: string): void =>
  void execFileSync(command, args, { cwd, stdio: 'pipe' })

const checkOut = (): void => {
  const draft = mkdtempSync(`${CHECKOUT}-`)
  const archive = join(draft, 'archive.tar')
  try {
    run('git', ['archive', '--output', archive, VERSION_BEFORE], ROOT)
    run('tar', ['-xf', archive], draft)
    rmSync(archive)
    if (isDeepStrictEqual(dependenciesOf(draft), dependenciesOf(ROOT)))
      symlinkSync(join(ROOT, 'node_modules'), join(draft, 'node_modules'))
    else run('npm', ['ci', '--omit=dev'], draft)
    renameSync(draft, CHECKOUT)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** The folder of a checkout of the version before, which is kept for the next who needs it. Null, and why is said: there is none. */
export const findVersionBefore = (): string | null => {
  // What it has linked may be gone.
  const isThere = () => existsSync(join(CHECKOUT, 'node_modules', 'hono'))
  if (isThere()) return CHECKOUT
  rmSync(CHECKOUT, { recursive: true, force: true })
  try {
    checkOut()
  } catch (error) {
    // Another process may have been faster.
    if (!isThere()) {
      process.stderr.write(`skipped: no upgrade, since there is no version before: ${(error as Error).message}\n`)
      return null
    }
  }
  return CHECKOUT
}
