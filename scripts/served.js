// Makes what the service serves at /docs: the pages, and src/client and src/webhook as a package of their own,
// dist/served/client-VERSION.tgz.
// It is JavaScript, because `prepare` may run it on a Node that is too old for the service. The same sources give the same bytes.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const ENTRIES = ['client', 'webhook']
/** Its command, which runs on Node only. */
const BIN = 'esm/bin.js'
/** The folders of the package. In each its package.json says what `.js` and `.d.ts` are. */
const FORMATS = /** @type {const} */ ({ esm: 'module', cjs: 'commonjs' })

/** @typedef {Record<string, string>} Files texts by their paths in the package */
/** @typedef {keyof typeof FORMATS} Format */

/** @param {string} path */
const textOf = path => readFileSync(join(ROOT, path), 'utf8')
const { name, version, description, license } = JSON.parse(textOf('package.json'))
const OUT = `dist/served/client-${version}.tgz`

/** @param {string} entry */
const exportOf = entry => {
  /** @param {Format} format */
  const filesOf = format => ({ types: `./${format}/${entry}/index.d.ts`, default: `./${format}/${entry}/index.js` })
  return [`./${entry}`, { import: filesOf('esm'), require: filesOf('cjs') }]
}

const manifest = {
  name,
  version,
  description: `The client and the webhook receiver of ${name}. ${description}`,
  license,
  type: 'module',
  sideEffects: false,
  engines: { node: '>=20' },
  bin: { [name]: `./${BIN}` },
  exports: { ...Object.fromEntries(ENTRIES.map(exportOf)), './package.json': './package.json' },
  // For TypeScript with `moduleResolution: node10`, which reads no exports.
  typesVersions: { '*': Object.fromEntries(ENTRIES.map(entry => [entry, [`./cjs/${entry}/index.d.ts`]])) },
}

/** @param {typeof import('esbuild')} esbuild @param {Format} format @returns {Promise<Files>} */
const bundle = async (esbuild, format) => {
  const { outputFiles } = await esbuild.build({
    entryPoints: Object.fromEntries(ENTRIES.map(entry => [`${entry}/index`, `src/${entry}/index.ts`])),
    absWorkingDir: ROOT,
    outdir: format,
    bundle: true,
    write: false,
    format,
    platform: 'neutral',
    target: 'es2022',
    charset: 'utf8',
  })
  const paths = ENTRIES.map(entry => `${format}/${entry}/index.js`)
  return Object.fromEntries(outputFiles.map(({ text }, index) => [paths[index] ?? '', text]))
}

/** @param {typeof import('esbuild')} esbuild @returns {Promise<string>} */
const bundleBin = async esbuild => {
  const { outputFiles } = await esbuild.build({
    entryPoints: ['src/client/bin.ts'],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    charset: 'utf8',
  })
  return outputFiles[0]?.text ?? ''
}

/** The declarations that the entries need, by their paths under `src`. @returns {Files} */
const declare = () => {
  const folder = mkdtempSync(join(tmpdir(), 'idface-notifier-types-'))
  try {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const options = ['-p', join(ROOT, 'tsconfig.types.json'), '--outDir', folder]
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, ...options], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`tsc made no declarations: ${stdout}${stderr}`)
    /** @type {Files} */
    const files = {}
    /** @param {string} path */
    const take = path => {
      if (files[path] !== undefined) return
      const text = readFileSync(join(folder, path), 'utf8').replaceAll(/(['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2')
      files[path] = text
      for (const [, imported = ''] of text.matchAll(/['"](\.[^'"]+)\.js['"]/g))
        take(join(dirname(path), `${imported}.d.ts`))
    }
    for (const entry of ENTRIES) take(`${entry}/index.d.ts`)
    return files
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {typeof import('esbuild')} esbuild @returns {Promise<Files>} */
const build = async esbuild => {
  const declarations = Object.entries(declare())
  /** @type {Files} */
  const files = {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'README.md': textOf('src/client/README.md'),
    LICENSE: textOf('LICENSE'),
    [BIN]: await bundleBin(esbuild),
  }
  for (const [format, type] of Object.entries(FORMATS)) {
    files[`${format}/package.json`] = `${JSON.stringify({ type })}\n`
    Object.assign(files, await bundle(esbuild, /** @type {Format} */ (format)))
    for (const [path, text] of declarations) files[`${format}/${path}`] = text
  }
  return files
}

const BLOCK = 512
/** That of every file that npm packs. */
const MODIFIED = Date.UTC(1985, 9, 26, 8, 15) / 1_000

/** A header of ustar (POSIX 1003.1). @param {string} path @param {number} size */
const headerOf = (path, size) => {
  const header = Buffer.alloc(BLOCK)
  /** @param {number} value @param {number} digits */
  const octal = (value, digits) => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(path, 0, 100)
  header.write(`${octal(0o644, 7)}${octal(0, 7)}${octal(0, 7)}${octal(size, 11)}${octal(MODIFIED, 11)}        0`, 100)
  header.write('ustar\x0000', 257)
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${octal(checksum, 6)} `, 148)
  return header
}

/** @param {Files} files */
const pack = files => {
  const blocks = Object.keys(files)
    .toSorted()
    .flatMap(path => {
      const body = Buffer.from(files[path] ?? '')
      return [headerOf(`package/${path}`, body.length), body, Buffer.alloc(-body.length & (BLOCK - 1))]
    })
  const tarball = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 })
  // The operating system, which would be the only difference.
  tarball[9] = 255
  return tarball
}

const esbuild = await import('esbuild').catch(() => null)
if (esbuild && existsSync(join(ROOT, 'node_modules/typescript'))) {
  const tarball = pack(await build(esbuild))
  const file = join(ROOT, OUT)
  mkdirSync(dirname(file), { recursive: true })
  // Whoever reads it meanwhile reads a whole one.
  writeFileSync(`${file}.${process.pid}`, tarball)
  renameSync(`${file}.${process.pid}`, file)
  process.stdout.write(`${OUT}: ${name} ${version} for partners, ${tarball.length} bytes\n`)
  const { writeServedDocs } = await import('./served-docs.ts')
  writeServedDocs()
} else {
  process.stderr.write(`dist/served is not made: this needs the development dependencies (npm ci)\n`)
  // `npm ci --omit=dev` runs this too, and has all that the service needs.
  if (process.env.npm_lifecycle_event !== 'prepare') process.exitCode = 1
}
