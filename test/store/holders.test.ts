import { expect, test } from 'vitest'
import { programOf } from '../../src/store/sqlite/holders.ts'

const MAIN = 'MainThread'

test('a service was named by its thread', () => {
  expect(programOf(MAIN, ['node', '/app/src/bin.js', 'serve', '--hold'])).toBe('idface-notifier serve')
  expect(programOf(MAIN, ['/usr/bin/node', '--max-semi-space-size=1', '/usr/local/bin/idface-notifier', 'serve'])).toBe(
    'idface-notifier serve',
  )
  expect(programOf(MAIN, ['node', '/app/src/cli.ts', '--lang', 'zh', 'serve'])).toBe('idface-notifier')
})

test('nothing but the first word of a command is told: options may be secrets', () => {
  expect(programOf(MAIN, ['node', 'src/bin.js', 'key', 'S3cret'])).toBe('idface-notifier key')
  expect(programOf(MAIN, ['node', 'src/bin.js', '--api-key=S3cret'])).toBe('idface-notifier')
  expect(programOf(MAIN, ['node', '-e', 'S3cret'])).toBe('node')
})

test('any other program has its own name', () => {
  expect(programOf('sqlite3', ['sqlite3', 'notifier.db'])).toBe('sqlite3')
  expect(programOf('litestream', [])).toBe('litestream')
  expect(programOf('?', [])).toBe('?')
})
