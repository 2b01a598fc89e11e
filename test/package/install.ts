import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(ROOT, 'node_modules/.bin')
/** The parts of the package. A copy is packed, so that no build in the checkout is disturbed. */
const PARTS = [
  'src',
  'scripts',
  'migrations',
  'deploy',
  'docs',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.types.json',
  'LICENSE',
]
const TEXTS = ['README.md', 'README.zh-CN.md', 'CHANGELOG.md', '.env.example']

interface LockEntry {
  dev?: boolean
  link?: boolean
  [field: string]: unknown
}

/** Runs a program to its end, on this project's Node. */
export const run = async (command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) => {
  const { HOME = '', PATH = '' } = process.env
  const child = spawn(command, args, { cwd, env: { HOME, PATH: `${BIN}:${PATH}`, ...env } })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] += chunk
    })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...output }
}

const runOrThrow = async (...call: Parameters<typeof run>) => {
  const { code, stdout, stderr } = await run(...call)
  if (code !== 0) throw new Error(`${call[0]} ${call[1].join(' ')} ended with ${code}: ${stdout}${stderr}`)
  return stdout
}

/** Builds and packs the project in `folder`; the path of the tarball. */
export const pack = async (folder: string): Promise<string> => {
  for (const part of [...PARTS, ...TEXTS]) await cp(join(ROOT, part), join(folder, part), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await runOrThrow('npm', ['pack', '--silent'], folder)
  const tarball = (await readdir(folder)).find(name => name.endsWith('.tgz'))
  if (!tarball) throw new Error('npm pack made no tarball')
  return join(folder, tarball)
}

/**
 * Installs the tarball in `folder` with the versions of this project's lock, which npm has in its cache since it
 * installed this project. Only dependencies of the package are there.
 */
export const install = async (tarball: string, folder: string): Promise<void> => {
  const readJson = async (name: string) => JSON.parse(await readFile(join(ROOT, name), 'utf8'))
  const { packages } = (await readJson('package-lock.json')) as { packages: Record<string, LockEntry> }
  const { version, dependencies, bin, engines } = (await readJson('package.json')) as Record<string, unknown>
  const resolved = `file:${tarball}`
  const root = { name: 'consumer', version: '1.0.0', type: 'module', dependencies: { 'idface-notifier': resolved } }
  const needed = Object.entries(packages).filter(([path, { dev, link }]) => path !== '' && !dev && !link)
  const locked = {
    '': root,
    'node_modules/idface-notifier': { version, resolved, dependencies, bin, engines },
    ...Object.fromEntries(needed),
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, ...root }))
  const lock = { name: root.name, version: root.version, lockfileVersion: 3, requires: true, packages: locked }
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
  await runOrThrow('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
}
