import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** The rooms that each room may import; a file directly under src/ is a room of that name. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  config: ['core'],
  telemetry: ['core'],
  version: [],
  'limit-memory': [],
  store: ['core', 'config', 'telemetry', 'limit-memory'],
  'http-client': ['core'],
  upstream: ['core', 'http-client'],
  callback: ['core', 'http-client', 'store'],
  operator: ['core', 'http-client', 'store', 'telemetry', 'callback'],
  worker: ['core', 'telemetry', 'store', 'callback'],
  http: ['core', 'config', 'telemetry', 'store'],
  simulator: ['core'],
  app: ['core', 'config', 'telemetry', 'version', 'store', 'upstream', 'callback', 'worker', 'http', 'operator'],
  cli: [
    'core',
    'config',
    'telemetry',
    'version',
    'limit-memory',
    'store',
    'simulator',
    'app',
    'http',
    'upstream',
    'client',
  ],
  client: ['core'],
  webhook: ['core'],
}

/** Time, chance and timers that a file takes by itself, instead of being given them. */
const AMBIENT =
  /\b(Date\.now|performance\.now|Math\.random|random(Bytes|UUID|Int)|setTimeout|setInterval|AbortSignal\.timeout|timers\/promises)\b|\bnew Date\(\)/

/** Folders and files that may, each with the reason. */
const MAY_USE_AMBIENT: Record<string, string> = {
  'app/': 'the wiring',
  'cli/': 'the wiring',
  'client/index.ts': "runs in the partner's process: its wiring",
  'client/bin.ts': "runs on the partner's machine: its wiring",
  'client/pause.ts': "runs in the partner's process: its wiring",
  'webhook/index.ts': "runs in the partner's process: its wiring",
  'callback/tunnel.ts': 'the time limit of a socket of node:http',
  'simulator/upstream.ts': 'a server that answers late, for real sockets',
  'limit-memory.ts': 'runs at the start of a thread, where nothing is wired yet',
  'store/sqlite/store.ts': 'gives the vault the randomness of the system, which cannot cross to a thread',
  'store/stats/engine-counts.ts': 'times commits, which nothing decides by',
  'store/postgres/connection.ts': 'measures how long one call has lasted, by a clock that nobody sets',
  'store/sqlite/connection.ts': 'waits while another process has the file locked',
  'store/sqlite/read-only.ts': 'gives the vault the randomness of the system, which cannot cross to a thread',
  'store/sqlite/database-file.ts': "looks whether the file is still there, on the store's thread",
  'store/sqlite/group-commit.ts':
    "gathers writes for some ms on the store's thread, whose clock only moves with a call",
  'store/sqlite/checkpoints.ts': "paces checkpoints on the store's thread, whose clock only moves with a call",
}

const NOT_IN_NODE_22 =
  /\b(DisposableStack|AsyncDisposableStack|SuppressedError|Promise\.try|RegExp\.escape|Error\.isError|Float16Array|URLPattern)\b/

/** Rooms that others know by one file. */
const ENTRIES: Record<string, string> = { 'http-client': 'http-client/client.ts' }

/** The folders of http that each of them may import. */
const HTTP_FOLDERS: Record<string, readonly string[]> = {
  json: [],
  middleware: ['json'],
  partner: ['json', 'middleware'],
  // Operators see a registration as its partner does, but masked.
  admin: ['json', 'middleware', 'partner'],
  openapi: ['json', 'middleware', 'partner', 'admin'],
  docs: ['middleware', 'openapi'],
  // A client of the API: of that it has the types of the answers, and calls it as any other.
  console: ['json', 'partner', 'admin', 'docs'],
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8')
const codeOf = (file: string) =>
  textOf(file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '')
const roomOf = (file: string) => (file.split('/')[0] ?? file).replace(/\.ts$/, '')

/** The paths that a file imports, from src/. `type` imports of the client are erased: it may name the shapes of others. */
const importsOf = (file: string) =>
  [
    ...textOf(file).matchAll(
      /^(?:import|export)\s(?<what>[^'"]*?)from '(?<path>\.[^']+)'|import\('(?<lazy>\.[^']+)'\)/gm,
    ),
  ]
    .filter(({ groups }) => !(roomOf(file) === 'client' && groups?.what?.startsWith('type ')))
    .map(({ groups }) => normalize(join(dirname(file), groups?.path ?? groups?.lazy ?? '')))

describe('the house', () => {
  test.each(files)('%s imports only from rooms below its own', file => {
    const room = roomOf(file)
    const allowed = [room, ...(MAY_IMPORT[room] ?? [])]
    const strays = importsOf(file)
      .map(roomOf)
      .filter(imported => !allowed.includes(imported) && !imported.startsWith('..'))
    expect(strays).toEqual([])
  })

  test.each(Object.entries(MAY_IMPORT).flatMap(([room, rooms]) => rooms.map(other => [room, other] as const)))(
    'the permission of %s for %s is needed',
    (room, other) => {
      const users = files.filter(file => roomOf(file) === room && importsOf(file).some(path => roomOf(path) === other))
      expect(users).not.toEqual([])
    },
  )

  test('imports go in no circle, but for those of types', () => {
    const isValue = /^(?:import|export)\s(?!type )(?:[^'"]*?from )?'(\.[^']+)'/gm
    const left = new Map(
      files.map(file => [
        file,
        new Set([...textOf(file).matchAll(isValue)].map(([, path = '']) => normalize(join(dirname(file), path)))),
      ]),
    )
    const isLeaf = (file: string) => [...(left.get(file) ?? [])].every(path => !left.has(path))
    for (let leaves = files; leaves.length > 0; ) {
      leaves = [...left.keys()].filter(isLeaf)
      for (const leaf of leaves) left.delete(leaf)
    }
    expect([...left.keys()]).toEqual([])
  })

  test.each(Object.entries(ENTRIES))('lets nobody into %s but through %s', (room, entry) => {
    const strays = files.filter(
      file => roomOf(file) !== room && importsOf(file).some(path => roomOf(path) === room && path !== entry),
    )
    expect(strays).toEqual([])
  })

  test.each(files.filter(file => /^http\/\w+\//.test(file)))(
    '%s imports only from folders of http below its own',
    file => {
      const folderOf = (path: string) => /^http\/(\w+)\//.exec(path)?.[1] ?? null
      const folder = folderOf(file) ?? ''
      const allowed = [null, folder, ...(HTTP_FOLDERS[folder] ?? [])]
      expect(importsOf(file).filter(path => !allowed.includes(folderOf(path)))).toEqual([])
    },
  )

  test.each(files.filter(file => AMBIENT.test(codeOf(file))))(
    '%s may take time or chance from its surroundings',
    file => {
      const exceptions = Object.keys(MAY_USE_AMBIENT)
      expect(exceptions.filter(path => file === path || file.startsWith(path))).toHaveLength(1)
    },
  )

  test.each(Object.keys(MAY_USE_AMBIENT))('the exception for %s is needed', path => {
    expect(files.filter(file => file.startsWith(path) && AMBIENT.test(codeOf(file)))).not.toEqual([])
  })

  test('reads the environment in the command line only', () => {
    const strays = files.filter(
      file => roomOf(file) !== 'cli' && file !== 'client/bin.ts' && /\bprocess\.env\b/.test(codeOf(file)),
    )
    expect(strays).toEqual([])
  })

  test('uses nothing that Node 22 has not', () => {
    expect(files.filter(file => NOT_IN_NODE_22.test(codeOf(file)))).toEqual([])
  })

  test('has no file of more than 300 lines', () => {
    const long = files.filter(file => textOf(file).split('\n').length > 301)
    expect(long.map(file => relative(SRC, join(SRC, file)))).toEqual([])
  })
})
