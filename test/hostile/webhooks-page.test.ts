import { execFile, execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createSigningKey, sign } from '../../src/core/signature.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8')
const NOW_SECONDS = 1_795_507_200

/** The block of code after `<!-- snippet: name -->`. */
const snippet = (name: string): string => {
  const [, code] = new RegExp(`<!-- snippet: ${name} -->\\n\`\`\`\\w+\\n([^]*?)\n\`\`\``).exec(PAGE) ?? []
  if (code === undefined) throw new Error(`there is no snippet ${name}`)
  return code
}

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

/** What somebody signs who knows the few bytes of a broken secret. */
const forged = (key: string): Record<string, string> => {
  const mac = createHmac('sha256', key).update(`msg_1.${NOW_SECONDS}.${BODY}`).digest('base64')
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(NOW_SECONDS), 'webhook-signature': `v1,${mac}` }
}

interface Case {
  claim: string
  secrets: readonly string[]
  headers: Record<string, string>
  body: string
  /** null: the secret is refused with an error. */
  expected: boolean | null
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
  caseOf('the request on the page', true, shown()),
  caseOf('good', true),
  caseOf('two secrets here, one there', true, { secrets: [NEXT, LIVE] }),
  caseOf('one secret here, two there', true, { headers: signed([NEXT, LIVE]) }),
  caseOf('four minutes old', true, { headers: signed([LIVE], NOW_SECONDS - 240) }),
  caseOf('six minutes old', false, { headers: signed([LIVE], NOW_SECONDS - 360) }),
  caseOf('six minutes ahead', false, { headers: signed([LIVE], NOW_SECONDS + 360) }),
  caseOf('another secret', false, { secrets: [STRANGE] }),
  caseOf('no secret', false, { secrets: [] }),
  caseOf('an empty secret, as of a variable that is not set', null, { secrets: [''], headers: forged('') }),
  caseOf('a space after the secret', null, { secrets: [STRANGE, ''], headers: forged('') }),
  caseOf('a prefix and no more', null, { secrets: ['whsec_'], headers: forged('') }),
  caseOf('a secret without its prefix', null, { secrets: [LIVE.slice(6)] }),
  caseOf('a secret that was cut off', null, { secrets: ['whsec_YWFhYQ=='], headers: forged('aaaa') }),
  caseOf('another body', false, { body: BODY.replace('succeeded', 'failed') }),
  caseOf('another id', false, { headers: { ...signed([LIVE]), 'webhook-id': 'msg_2' } }),
  caseOf('another time', false, { headers: { ...signed([LIVE]), 'webhook-timestamp': String(NOW_SECONDS + 1) } }),
  caseOf('no headers', false, { headers: {} }),
  caseOf('a time that is none', false, { headers: { ...signed([LIVE]), 'webhook-timestamp': '1e9' } }),
  caseOf('a signature of another kind', false, {
    headers: {
      ...signed([LIVE]),
      'webhook-signature': signed([LIVE])['webhook-signature']?.replace('v1,', 'v1a,') ?? '',
    },
  }),
  caseOf('a signature that is no ASCII', false, { headers: { ...signed([LIVE]), 'webhook-signature': 'v1,认证' } }),
]
const EXPECTED = CASES.map(({ claim, expected }) => [claim, expected])

/** Runs a program that prints a list of verdicts, one a case: null where it threw. */
const judge = async (command: string, args: readonly string[]): Promise<unknown[]> => {
  const { stdout } = await promisify(execFile)(command, args, {
    env: { PATH: process.env.PATH ?? '', CASES: JSON.stringify(CASES) },
  })
  const verdicts = JSON.parse(stdout) as Case['expected'][]
  return CASES.map(({ claim }, index) => [claim, verdicts[index]])
}

const findPython = (): string | null => {
  try {
    execFileSync('python3', ['-c', 'import sys; assert sys.version_info >= (3, 9)'], { stdio: 'pipe' })
    return 'python3'
  } catch {
    return null
  }
}

describe('the snippets of docs/webhooks.md judge as they should', () => {
  test('in Node', async () => {
    const program = `${snippet('node')}
      const verdicts = JSON.parse(process.env.CASES).map(({ secrets, headers, body }) => {
        try { return verifyWebhook(secrets, headers, Buffer.from(body), ${NOW_SECONDS * 1000}) } catch { return null }
      })
      process.stdout.write(JSON.stringify(verdicts))`
    expect(await judge(process.execPath, ['--input-type=module', '-e', program])).toEqual(EXPECTED)
  })

  test('in Python', async context => {
    const python = findPython()
    if (python === null) return context.skip('there is no Python 3.9 or later here')
    const program = `${snippet('python')}

import json, os
def judge(c):
    try:
        return verify_webhook(c["secrets"], c["headers"], c["body"].encode(), ${NOW_SECONDS})
    except ValueError:
        return None
print(json.dumps([judge(c) for c in json.loads(os.environ["CASES"])]))`
    expect(await judge(python, ['-c', program])).toEqual(EXPECTED)
  })
})
