import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** What each room may import beyond itself; a file directly under src/ is a room of its own name. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  config: ['core'],
  telemetry: ['core'],
  memory: [],
  version: [],
  store: ['core', 'config', 'telemetry', 'memory'],
  'http-client': ['core'],
  upstream: ['core', 'config', 'telemetry', 'http-client'],
  callback: ['core', 'config', 'telemetry', 'http-client', 'store'],
  // Their types only: what a round works with comes in through its deps.
  worker: ['core', 'config', 'telemetry', 'store', 'upstream', 'callback'],
  http: ['core', 'config', 'telemetry', 'store', 'version'],
  simulator: ['core'],
  app: ['core', 'config', 'telemetry', 'version', 'store', 'upstream', 'callback', 'worker', 'http'],
  cli: [
    'core',
    'config',
    'telemetry',
    'memory',
    'version',
    'store',
    'simulator',
    'app',
    'worker',
    'callback',
    'upstream',
  ],
  bin: ['cli'],
  client: ['core', 'webhook'],
  webhook: ['core'],
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8')
const roomOf = (file: string) => (file.split('/')[0] ?? file).replace(/\.ts$/, '')

/** `type` imports of the client are erased: it may name the shapes of others. */
const importsOf = (file: string) =>
  [
    ...textOf(file).matchAll(
      /^(?:import|export)\s(?<what>[^'"]*?)from '(?<path>\.[^']+)'|import\('(?<lazy>\.[^']+)'\)/gm,
    ),
  ]
    .filter(({ groups }) => !(roomOf(file) === 'client' && groups?.what?.startsWith('type ')))
    .map(({ groups }) => roomOf(normalize(join(dirname(file), groups?.path ?? groups?.lazy ?? ''))))

describe('the house', () => {
  test.each(files)('%s imports only from rooms below its own', file => {
    const room = roomOf(file)
    const allowed = [room, ...(MAY_IMPORT[room] ?? [])]
    const strays = importsOf(file).filter(imported => !allowed.includes(imported) && !imported.startsWith('..'))
    expect(strays).toEqual([])
  })

  test('takes time, chance and the environment in where the wiring is, and nowhere else', () => {
    const wiring = (file: string) => ['app', 'cli', 'bin', 'client', 'webhook'].includes(roomOf(file))
    const strays = files.filter(
      file => !wiring(file) && /\b(Date\.now|Math\.random|process\.env)\b/.test(withoutComments(textOf(file))),
    )
    expect(strays).toEqual([])
  })

  test('has no file of more than 300 lines', () => {
    const long = files.filter(file => textOf(file).split('\n').length > 301)
    expect(long.map(file => relative(SRC, join(SRC, file)))).toEqual([])
  })
})

const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '')
