import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage } from '../e2e/stage.ts'
import { openFolder } from '../support/service.ts'

const at = (file: string) => join(import.meta.dirname, '../../docs/examples', file)
const REFERENCES = ['Net.Http', 'Runtime.Serialization', 'Xml', 'Xml.Linq'].map(name => `-r:System.${name}`)
const BUILD_MS = 120_000

interface Caller {
  name: string
  /** Ends with 0 where the language is on this machine. */
  probe: readonly string[]
  build?: (folder: string) => readonly string[]
  run: (folder: string) => readonly string[]
}

const CALLERS: readonly Caller[] = [
  {
    name: 'Python',
    probe: ['python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 9))'],
    run: () => ['python3', at('caller.py')],
  },
  { name: 'PHP', probe: ['php', '--version'], run: () => ['php', at('caller.php')] },
  {
    name: 'Java 8',
    probe: ['javac', '--version'],
    build: folder => ['javac', '--release', '8', '-Xlint:-options', '-d', folder, at('Caller.java')],
    run: folder => ['java', '-cp', folder, 'Caller'],
  },
  {
    name: 'Go',
    probe: ['go', 'version'],
    build: folder => ['go', 'build', '-o', join(folder, 'caller'), at('caller.go')],
    run: folder => [join(folder, 'caller')],
  },
  {
    name: 'C#',
    probe: ['mcs', '--version'],
    build: folder => ['mcs', `-out:${join(folder, 'Caller.exe')}`, ...REFERENCES, at('Caller.cs')],
    run: folder => ['mono', join(folder, 'Caller.exe')],
  },
]

const { PATH = '', HOME = '' } = process.env

const exec = (argv: readonly string[], env: Record<string, string> = {}) => {
  const [command = '', ...args] = argv
  return promisify(execFile)(command, args, { env: { PATH, HOME, PYTHONIOENCODING: 'utf-8', ...env } })
}

const openServer = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage({ SANDBOX: 'true' })
})
afterAll(() => stage[Symbol.asyncDispose]())

describe.each(CALLERS)('the caller in $name', ({ name, probe: [command = '', ...args], build, run }) => {
  let folder: Awaited<ReturnType<typeof openFolder>>
  const isHere = spawnSync(command, args, { stdio: 'ignore' }).status === 0
  const callWith = async (env: Record<string, string>, ...words: string[]) =>
    (await exec([...run(folder.path), ...words], env)).stdout.trim()
  const call = (url: string, ...words: string[]) =>
    callWith({ NOTIFIER_URL: `${url}/`, API_KEY: stage.partner.apiKey }, ...words)

  beforeAll(async () => {
    folder = await openFolder()
    if (isHere && build) await exec(build(folder.path))
  }, BUILD_MS)
  afterAll(() => folder[Symbol.asyncDispose]())

  test('registers a serial again and again, waits, looks it up, and reads its event', async context => {
    if (!isHere) return context.skip(`${name} is not on this machine`)
    const { url } = stage.service
    const serial = `test_success_100ms_${name.replace(/\W/g, '')}`
    const registered = await call(url, 'register', serial, stage.receiver.urlFor('/hook'))
    expect(registered).toMatch(/^reg_\w+ pending$/)
    const [id = ''] = registered.split(' ')
    expect(await call(url, 'register', serial, stage.receiver.urlFor('/hook'))).toContain(id)
    expect(await call(url, 'wait', id)).toBe(`${id} succeeded`)
    expect(await call(url, 'wait', id, '5')).toBe(`${id} succeeded`)
    expect(await call(url, 'lookup', serial, 'unheard')).toBe(`${serial} succeeded\nunheard`)
    const events = (await call(url, 'events')).split('\n')
    expect(events).toContainEqual(expect.stringMatching(new RegExp(`^msg_\\w+ idface\\.succeeded ${serial}$`)))
    const cursor = events.at(-1)?.replace('cursor ', '') ?? ''
    expect(await call(url, 'events', cursor)).toBe(`cursor ${cursor}`)
  })

  test('crosses what passes, and no redirect takes its key elsewhere', async context => {
    if (!isHere) return context.skip(`${name} is not on this machine`)
    const seen: (string | undefined)[] = []
    await using elsewhere = await openServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end()
    })
    const answers = [
      () => null,
      () => ({ status: 503, headers: { 'retry-after': '0' } }),
      () => ({ status: 502, headers: {} }),
      () => ({ status: 307, headers: { location: elsewhere.url } }),
    ]
    let calls = 0
    await using faulty = await openServer((request, response) => {
      const answer = answers[calls++]?.()
      if (answer) response.writeHead(answer.status, answer.headers).end('no JSON')
      else request.destroy()
    })
    await expect(call(faulty.url, 'lookup', '1')).rejects.toMatchObject({ stderr: expect.stringContaining('307') })
    expect([calls, seen]).toEqual([answers.length, []])
  })

  test.each(['README.md', 'README.zh-CN.md'])(
    'registers as %s has it, with the variables of the start page',
    async file => {
      const [, block = ''] = readFileSync(at(file), 'utf8').split(`\`\`\`sh ${name.replace(' 8', '')}\n`)
      const lines = block.split('```')[0]?.split('\n') ?? []
      expect(lines[0]).toMatch(/^curl /)
      const words = lines.find(line => / register /.test(line))?.replace(/^.* register /, 'printf "%s " ') ?? ''
      const callbackUrl = 'https://example.com/hook'
      const { stdout } = await exec(['sh', '-c', words], { CALLBACK_URL: callbackUrl })
      expect(stdout).toMatch(/^test_success_3s_\d+ https:\/\/example\.com\/hook $/)
    },
  )
})
