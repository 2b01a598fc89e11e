import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS } from '../../src/http/listen.ts'
import { openListening } from '../attack/support/listening.ts'
import { openFolder } from '../support/service.ts'
import type { Given, Seen } from './support/seen.ts'

const ROOT = join(import.meta.dirname, '../..')
const COMPILER_API = import.meta.resolve('./support/compiler-api.ts')
/** A generator reads, compiles and bundles in some seconds; here two tests share two cores. */
const GENERATED_MS = 60_000

const besides = (manifest: string, file: string): string => fileURLToPath(new URL(file, manifest))
const TSC = besides(import.meta.resolve('typescript/package.json'), 'bin/tsc')

/** Partners' own settings, without those that `--strict` does not mean. */
const TSC_OPTIONS = '--noEmit --strict --target es2022 --module esnext --moduleResolution bundler --pretty false'.split(
  ' ',
)

/** How each makes a client of the service at `url`, in the folder `generated`. */
const GENERATORS: Record<string, (url: string, cwd: string) => Promise<string[]>> = {
  'openapi-typescript': async url => [
    besides(import.meta.resolve('openapi-typescript/package.json'), 'bin/cli.js'),
    ...[`${url}/openapi.json`, '--output', 'generated/schema.d.ts'],
  ],
  'hey-api': async url => [
    besides(import.meta.resolve('@hey-api/openapi-ts/package.json'), 'bin/run.js'),
    ...['--input', `${url}/openapi.json`, '--output', 'generated'],
  ],
  orval: async (url, cwd) => {
    const output = { target: './generated/client.ts', client: 'fetch', baseUrl: url }
    const config = { service: { input: `${url}/openapi.json`, output } }
    await writeFile(join(cwd, 'orval.config.mjs'), `export default ${JSON.stringify(config)}`)
    return [besides(import.meta.resolve('orval/package.json'), 'dist/bin/orval.mjs'), '--config', 'orval.config.mjs']
  },
}

const run = async (args: readonly string[], cwd: string): Promise<void> => {
  const env = { ...process.env, NODE_OPTIONS: `--import=${COMPILER_API}` }
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output.slice(-3_000)}`)
}

let api: Awaited<ReturnType<typeof openListening>>
beforeAll(async () => {
  api = await openListening(LIMITS)
})
afterAll(() => api[Symbol.asyncDispose]())

test.each(Object.entries(GENERATORS))(
  'the client that %s makes compiles strictly and works',
  { timeout: GENERATED_MS },
  async (name, argumentsOf) => {
    await using folder = await openFolder()
    const cwd = join(folder.path, 'exercises')
    const file = join(cwd, `${name}.ts`)
    await mkdir(cwd)
    await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'))
    await cp(join(import.meta.dirname, 'support/seen.ts'), join(folder.path, 'support/seen.ts'))
    await cp(join(import.meta.dirname, `exercises/${name}.ts`), file)
    await run(await argumentsOf(api.url, cwd), cwd)
    await run([TSC, ...TSC_OPTIONS, file], cwd)
    const outfile = join(cwd, 'exercise.mjs')
    await build({ entryPoints: [file], bundle: true, outfile, platform: 'node', format: 'esm', logLevel: 'silent' })
    const { exercise } = (await import(pathToFileURL(outfile).href)) as { exercise(given: Given): Promise<Seen> }
    const serial = `serial-${name}`
    expect(await exercise({ url: api.url, apiKey: api.partner.key, serial })).toEqual({
      registered: { status: 201, idcardid: serial, state: 'pending' },
      again: 200,
      gotIsSame: true,
      listed: [serial],
      batch: [serial, 'Invalid fields in the body'],
      lookedUp: [
        [serial, 1],
        ['unknown', 0],
      ],
      explained: 'zh',
      rotated: { type: 'v1', secret: expect.stringMatching(/^whsec_/), hasPreviousEnd: true },
      missing: { status: 404, title: 'Not found' },
      invalid: ['idcardid'],
    } satisfies Seen)
  },
)
