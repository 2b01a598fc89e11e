import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePorts } from '../support/free-ports.ts'

const EXAMPLES = join(import.meta.dirname, '../../docs/examples')
const at = (file: string) => join(EXAMPLES, file)

interface Language {
  name: string
  /** Ends with 0 where the language is on this machine, and is new enough. */
  probe: readonly string[]
  /** Makes a program out of the example, in `folder`. */
  build?: (folder: string) => readonly string[]
  start: (folder: string) => readonly string[]
  /** It cannot take whichever port is free. */
  needsPort?: true
}

export const LANGUAGES: readonly Language[] = [
  { name: 'Node', probe: ['node', '--version'], start: () => ['node', at('receiver.mjs')] },
  {
    name: 'Python',
    probe: ['python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 9))'],
    start: () => ['python3', at('receiver.py')],
  },
  {
    name: 'PHP',
    probe: ['php', '-r', 'exit(PHP_VERSION_ID < 70400 ? 1 : 0);'],
    start: () => ['php', '-S', '127.0.0.1:0', at('receiver.php')],
  },
  {
    name: 'Java',
    probe: ['javac', '--version'],
    build: folder => ['javac', '--release', '8', '-Xlint:-options', '-d', folder, at('Receiver.java')],
    start: folder => ['java', '-cp', folder, 'Receiver'],
  },
  {
    name: 'Go',
    probe: ['go', 'version'],
    build: folder => ['go', 'build', '-o', join(folder, 'receiver'), at('receiver.go')],
    start: folder => [join(folder, 'receiver')],
  },
  {
    name: 'Ruby',
    probe: ['ruby', '-e', 'exit(RUBY_VERSION >= "3.0")'],
    start: () => ['ruby', at('receiver.rb')],
  },
  {
    name: 'C#',
    // Debian has no .NET, but Mono; the example uses only the parts that both have.
    probe: ['mcs', '--version'],
    build: folder => ['mcs', `-out:${join(folder, 'Receiver.exe')}`, at('Receiver.cs')],
    start: folder => ['mono', join(folder, 'Receiver.exe')],
    needsPort: true,
  },
]

const environment = () => {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, PORT: '0', PYTHONIOENCODING: 'utf-8' }
}

/** Null where it can run here, or why not. */
export const reasonToSkip = ({ name, probe: [command = '', ...args] }: Language): string | null => {
  const { status, error } = spawnSync(command, args, { env: environment(), stdio: 'ignore' })
  return status === 0 ? null : `${name} is not on this machine, or too old: ${error?.message ?? `${command} said no`}`
}

export const build = async ({ build }: Language, folder: string): Promise<void> => {
  if (!build) return
  const [command = '', ...args] = build(folder)
  const child = spawn(command, args, { env: environment(), stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
}

/** Starts an example. `url` is where it listens; null where it has refused to start. */
export const openExample = async (language: Language, { folder, secret }: { folder: string; secret: string }) => {
  const [command = '', ...args] = language.start(folder)
  const child: ChildProcess = spawn(command, args, {
    env: {
      ...environment(),
      ...(language.needsPort ? { PORT: String((await freePorts(1))[0]) } : {}),
      WEBHOOK_SECRET: secret,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { text: '' }
  const exited = once(child, 'close')
  const url = await new Promise<string | null>(resolve => {
    const look = (chunk: Buffer) => {
      output.text += chunk
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(output.text) ?? []
      if (found) resolve(found)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    exited.then(
      () => resolve(null),
      () => resolve(null),
    )
  })
  return {
    url,
    output: output as Readonly<typeof output>,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
