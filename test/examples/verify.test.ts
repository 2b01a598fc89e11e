import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { escapeHtml } from '../../scripts/markdown.ts'
import { PAGES, renderPage, verifyBlock } from '../../scripts/served-docs.ts'
import { createSigningKey, sign } from '../../src/core/signature.ts'
import { openFolder } from '../support/service.ts'
import { isHere, JUDGES, judge } from './judges.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8')
const EXAMPLES = join(import.meta.dirname, '../../docs/examples')
const NOW_SECONDS = 1_795_507_200

const secretOf = (letter: string) => `whsec_${Buffer.alloc(32, letter).toString('base64')}`
const [LIVE, NEXT, STRANGE] = [secretOf('a'), secretOf('b'), secretOf('c')]
const BODY = '{"type":"idface.succeeded","data":{"message":"认证成功"}}'

const signed = (secrets: readonly string[], timestampSeconds = NOW_SECONDS, body = BODY): Record<string, string> => {
  const keys = secrets.map(secret => {
    const key = createSigningKey(secret)
    if (!key) throw new Error('no key')
    return key
  })
  const signature = sign(keys, { id: 'msg_1', timestampSeconds, body })
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(timestampSeconds), 'webhook-signature': signature }
}

/** A signature by an attacker that knows the few bytes of a broken secret. */
const forged = (key: string): Record<string, string> => {
  const mac = createHmac('sha256', key).update(`msg_1.${NOW_SECONDS}.${BODY}`).digest('base64')
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(NOW_SECONDS), 'webhook-signature': `v1,${mac}` }
}

interface Case {
  claim: string
  secrets: readonly string[]
  headers: Record<string, string>
  body: string
  expected: 'ok' | 'refused' | 'mistake'
}
const caseOf = (claim: string, expected: Case['expected'], more: Partial<Case> = {}): Case => ({
  claim,
  secrets: [LIVE],
  headers: signed([LIVE]),
  body: BODY,
  expected,
  ...more,
})

/** The request that the page shows, signed with the secret that stands beside it. */
const shown = (): Pick<Case, 'secrets' | 'headers' | 'body'> => {
  const [, head = '', body = ''] = /```http\n([\s\S]*?)\n\n([\s\S]*?)\n```/.exec(PAGE) ?? []
  const [secret = ''] = /\bwhsec_[A-Za-z0-9+/]{32,}=*/.exec(PAGE) ?? []
  return {
    secrets: [secret],
    headers: Object.fromEntries([...head.matchAll(/^(.+?): (.+)$/gm)].map(([, ...pair]) => pair)),
    body,
  }
}

const CASES: Case[] = [
  caseOf('the request on the page', 'ok', shown()),
  caseOf('good', 'ok'),
  caseOf('two secrets here, one there', 'ok', { secrets: [NEXT, LIVE] }),
  caseOf('one secret here, two there', 'ok', { headers: signed([NEXT, LIVE]) }),
  caseOf('four minutes old', 'ok', { headers: signed([LIVE], NOW_SECONDS - 240) }),
  caseOf('six minutes old', 'refused', { headers: signed([LIVE], NOW_SECONDS - 360) }),
  caseOf('six minutes ahead', 'refused', { headers: signed([LIVE], NOW_SECONDS + 360) }),
  caseOf('another secret', 'refused', { secrets: [STRANGE] }),
  caseOf('no secret', 'refused', { secrets: [] }),
  caseOf('an empty secret, as of a variable that is not set', 'mistake', { secrets: [''], headers: forged('') }),
  caseOf('a space after the secret', 'mistake', { secrets: [STRANGE, ''], headers: forged('') }),
  caseOf('a prefix and no more', 'mistake', { secrets: ['whsec_'], headers: forged('') }),
  caseOf('a secret without its prefix', 'mistake', { secrets: [LIVE.slice(6)] }),
  caseOf('a secret that was cut off', 'mistake', { secrets: ['whsec_YWFhYQ=='], headers: forged('aaaa') }),
  caseOf('another body', 'refused', { body: BODY.replace('succeeded', 'failed') }),
  caseOf('another id', 'refused', { headers: { ...signed([LIVE]), 'webhook-id': 'msg_2' } }),
  caseOf('another time', 'refused', { headers: { ...signed([LIVE]), 'webhook-timestamp': String(NOW_SECONDS + 1) } }),
  caseOf('no headers', 'refused', { headers: {} }),
  caseOf('a time that is none', 'refused', { headers: { ...signed([LIVE]), 'webhook-timestamp': '1e9' } }),
  caseOf('a signature of another kind', 'refused', {
    headers: {
      ...signed([LIVE]),
      'webhook-signature': signed([LIVE])['webhook-signature']?.replace('v1,', 'v1a,') ?? '',
    },
  }),
  caseOf('a signature that is no ASCII', 'refused', { headers: { ...signed([LIVE]), 'webhook-signature': 'v1,认证' } }),
]

const fieldsOf = ({ secrets, headers, body }: Case) => [
  ...['id', 'timestamp', 'signature'].map(name => headers[`webhook-${name}`]),
  body,
  ...secrets,
]

describe.each(JUDGES)('the block of $file', one => {
  const block = verifyBlock(one.file)

  test('judges as it should, alone', async context => {
    if (!isHere(one)) return context.skip(`${one.probe[0]} is not on this machine, or too old`)
    await using folder = await openFolder()
    const verdicts = await judge(one, { block, cases: CASES.map(fieldsOf), folder: folder.path })
    expect(CASES.map(({ claim }, at) => [claim, verdicts[at]])).toEqual(
      CASES.map(({ claim, expected }) => [claim, expected]),
    )
  })

  test.each(['en', 'zh'] as const)('is what the page shows: %s', language => {
    const page = PAGES.find(({ name }) => name === 'verify')
    const html = page ? renderPage(page, language) : ''
    expect(html.replaceAll(/<\/?span[^>]*>/g, '').replaceAll('&#x27;', '&#39;')).toContain(escapeHtml(block))
  })
})

test.each([
  [
    'receiver.mjs',
    process.execPath,
    (file: string) => `import('${file}').then(one => console.log(one.verify.length))`,
    '-e',
  ],
  [
    'receiver.py',
    'python3',
    (file: string) => `import runpy; print(runpy.run_path('${file}')['verify'].__code__.co_argcount - 1)`,
    '-c',
  ],
] as const)('%s starts nothing when it is imported', async (file, command, program, flag) => {
  const { stdout } = await promisify(execFile)(command, [flag, program(join(EXAMPLES, file))], { timeout: 30_000 })
  expect(stdout).toBe('5\n')
})
