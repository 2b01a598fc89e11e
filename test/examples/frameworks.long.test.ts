import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { verifyBlock } from '../../scripts/served-docs.ts'
import { webhookHeaders } from '../../src/callback/signing.ts'
import { webhookBody } from '../../src/core/message.ts'
import { createSigningKey, generateSecret } from '../../src/core/signature.ts'
import { freePorts } from '../support/free-ports.ts'
import { openFolder } from '../support/service.ts'
import { webhookContent } from '../support/webhook-content.ts'
import { FRAMEWORKS, type Framework, headings } from './frameworks.ts'

/** Time for compiling, and for a slow start of a framework. */
const START_MS = 180_000
const MINUTE = 60_000

const [current = '', older = '', foreign = ''] = Array.from(
  { length: 3 },
  () => generateSecret('v1', randomBytes).secret,
)
const BODY = webhookBody(webhookContent(Date.now(), { metadata: { note: 'é 😀 \u2028 </script>' } }))
const headersOf = (secrets: readonly string[], at = Date.now()) =>
  webhookHeaders(
    { id: 'msg_01', body: BODY, attempt: 1 },
    secrets.flatMap(secret => createSigningKey(secret) ?? []),
    at,
  )

const isHere = ({ probe: [command = '', ...args] }: Framework) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** The recipe and the block, pasted, and run. */
const openFramework = async ({ block, files, build, start, path = '/hook' }: Framework) => {
  const folder = await openFolder()
  for (const [name, text] of Object.entries(files(verifyBlock(block)))) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), `${text}\n`)
  }
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, PYTHONIOENCODING: 'utf-8', WEBHOOK_SECRET: `${current} ${older}` }
  let output = ''
  const run = ([command = '', ...args]: readonly string[]) => {
    const child = spawn(command, args, { cwd: folder.path, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (output += text))
    return { child, closed: once(child, 'close') }
  }
  if (build) {
    const [code] = await run(build).closed
    if (code !== 0) throw new Error(output)
  }
  const [port = 0] = await freePorts(1)
  const { child, closed } = run(start(port))
  const post = async (headers: Record<string, string>, body: string = BODY) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }
    return (await fetch(`http://127.0.0.1:${port}${path}`, options)).status
  }
  for (const endsAt = Date.now() + START_MS; ; await sleep(100)) {
    if (await post({}).catch(() => null)) break
    if (child.exitCode !== null || Date.now() > endsAt) throw new Error(`It does not listen: ${output}`)
  }
  return {
    post,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await closed
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('every framework of the page that has code is here', () => {
  expect(FRAMEWORKS.map(({ name }) => name).toSorted()).toEqual(headings().toSorted())
})

describe.each(FRAMEWORKS)('the recipe of $name, as pasted', framework => {
  test(
    'takes what is ours, and refuses the rest',
    async context => {
      if (!isHere(framework))
        return context.skip(`${framework.name} is not on this machine: ${framework.probe.join(' ')}`)
      await using receiver = await openFramework(framework)
      const { post } = receiver
      for (const secrets of [[current], [older], [foreign, current]]) expect(await post(headersOf(secrets))).toBe(204)
      expect(await post(headersOf([current], Date.now() - 4 * MINUTE))).toBe(204)
      expect(await post(headersOf([foreign]))).toBe(401)
      expect(await post(headersOf([current]), BODY.replace('SUCCESS', 'FAIL'))).toBe(401)
      for (const at of [-6, 6]) expect(await post(headersOf([current], Date.now() + at * MINUTE))).toBe(401)
      expect(await post({})).toBe(401)
    },
    2 * START_MS,
  )
})
