import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { addressOf, exportsOf } from '../../src/cli/partner-environment.ts'
import { readConfig } from '../../src/config/read-config.ts'

const addressWith = (env: Record<string, string>) => {
  const read = readConfig(env, 'database')
  if (!read.ok) throw new Error('settings that do not work')
  return addressOf(read.config)
}

test.each([
  [{}, 'http://127.0.0.1:8080'],
  [{ HOST: '0.0.0.0', PORT: '9999' }, 'http://127.0.0.1:9999'],
  [{ HOST: '::1' }, 'http://[::1]:8080'],
  [{ PORT: '0' }, null],
  [{ PORT: '0', CONSOLE_URL: 'https://n.example/console' }, 'https://n.example'],
  [{ CONSOLE_URL: 'https://n.example:8443/idface/console/' }, 'https://n.example:8443/idface'],
])('with %o partners reach the service at %s', (env, address) => {
  expect(addressWith(env)).toBe(address)
})

describe.each(['bash', 'zsh'])('%s', shell => {
  const isThere = spawnSync(shell, ['-c', 'exit 0']).status === 0
  test.skipIf(!isThere)('takes the three lines as they are, whatever is in them', () => {
    const url = "https://x.example/a'b;c&d=$HOME(1)!"
    const lines = exportsOf({ url, apiKey: 'ifn_Ab-9', signingSecret: 'whsec_a+b/c==' })
    const script = `${lines}\nprintf '%s\\n' "$NOTIFIER_URL" "$API_KEY" "$WEBHOOK_SECRET"\n`
    const { stdout } = spawnSync(shell, { input: script, encoding: 'utf8' })
    expect(stdout.split('\n')).toEqual([url, 'ifn_Ab-9', 'whsec_a+b/c==', ''])
  })
})

test('without an address only the two secrets are set', () => {
  expect(exportsOf({ url: null, apiKey: 'ifn_a', signingSecret: 'whsec_b' })).toBe(
    '  export API_KEY=ifn_a\n  export WEBHOOK_SECRET=whsec_b',
  )
})
