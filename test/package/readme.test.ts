import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { BATCH_BODY, BATCH_RESULTS } from '../../src/http/partner/registration-schemas.ts'
import { MAX_BATCH_SIZE } from '../../src/http/rates.ts'
import { freePorts } from '../support/free-ports.ts'
import { openFolder } from '../support/service.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The row of a call in the table of calls. */
const rowOf = (file: string, call: string): string =>
  readFileSync(join(ROOT, file), 'utf8')
    .split('\n')
    .find(line => line.startsWith(`| \`${call}\` |`)) ?? ''

test.each(['README.md', 'README.zh-CN.md'])('%s said of a batch neither what is sent nor what comes back', file => {
  const row = rowOf(file, 'POST /v1/registrations/batch')
  const [body, results] = [BATCH_BODY, BATCH_RESULTS].map(schema => Object.keys(schema.shape))
  const fields = BATCH_RESULTS.shape.results.element.options.flatMap(option => Object.keys(option.shape))
  for (const name of [body, results].flat()) expect(row).toContain(`{"${name}":[`)
  for (const name of new Set(fields)) expect(row).toContain(`\`${name}\``)
  expect(row.replaceAll(',', '')).toContain(String(MAX_BATCH_SIZE))
})

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`

/** The receiver of a README, saved and started as on the page. */
const startReceiver = async (file: string, folder: string) => {
  const [, code = ''] = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync(join(ROOT, file), 'utf8')) ?? []
  const [port = 0] = await freePorts(1)
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'receiver.mjs'), code.replaceAll('9000', String(port)))
  const child = spawn(process.execPath, ['receiver.mjs'], { cwd: folder, env: { WEBHOOK_SECRET: SECRET } })
  const ended = once(child, 'close')
  const output = { text: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output.text += part
  })
  while (!output.text.includes('\n')) await once(child.stdout, 'data')
  return {
    output,
    url: `http://127.0.0.1:${port}/hook`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

test.each(['README.md', 'README.zh-CN.md'])('the receiver of %s says that it listens, and verifies', async file => {
  await using folder = await openFolder()
  await using receiver = await startReceiver(file, folder.path)
  expect(receiver.output.text).toContain(`listening on ${new URL('/', receiver.url).href}`)
  const body = JSON.stringify({ type: 'idface.test' })
  const [id, now] = ['msg_1', new Date()]
  const post = (text: string) =>
    fetch(receiver.url, {
      method: 'POST',
      body: text,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(SECRET).sign(id, now, body),
      },
    })
  expect((await post(body)).status).toBe(204)
  expect((await post(`${body} `)).status).toBe(401)
  await expect.poll(() => receiver.output.text).toMatch(/type: 'idface\.test'[\s\S]*refused: /)
})
