import { expect, test } from 'vitest'
import { HOUR } from '../../../src/core/duration.ts'
import { type LastBackup, NO_BACKUP } from '../../../src/store/backup.ts'
import { openConsole } from './support.ts'

test('nodes say which of them are lost, and in what they differ', async () => {
  const { api, read } = await openConsole()
  expect(await read('nodes?lang=en')).toContain('No node uses the database.')
  const node = {
    version: '1.0',
    settings: 'red-fox',
    clockAheadMs: null,
    answers: null,
    roles: ['api', 'poll', 'deliver'] as const,
  }
  await api.store.beatNode({ ...node, id: 'node_1', name: 'gone:1' })
  for (let seconds = 0; seconds <= 60; seconds += 5) {
    api.clock.now += 5_000
    await api.store.beatNode({ ...node, id: 'node_0', name: 'old:1' })
    await api.store.beatNode({ ...node, id: 'node_2', name: '<b>:2', version: '1.1' })
  }
  const page = await read('nodes?lang=en')
  const rowOf = (name: string) => page.match(new RegExp(`${name}<.*?</tr>`))?.[0]
  expect(rowOf('gone:1')).toMatch(/>lost<.*>api poll deliver<.*>red-fox</)
  expect(rowOf('old:1')).toContain('differs in: version')
  expect(rowOf('&lt;b&gt;:2')).toContain('>works<')
  expect(page).toContain('datetime="2026-11-24T16:20:00.000Z"')
})

test('backups say when the last one succeeded, and why one has failed since', async () => {
  let backup: LastBackup = NO_BACKUP
  const { api, read } = await openConsole({}, store => ({
    ...store,
    stats: async () => ({ ...(await store.stats()), backup }),
  }))
  expect(await read('nodes?lang=en')).toMatch(/Last successful backup<\/dt><dd>none<.*Failed<\/dt><dd>none</)

  const at = api.clock.now - 3 * HOUR
  backup = { good: { at, path: '/backup/<b>.db', bytes: 4_096 }, failed: { at: at + HOUR, reason: 'no_room' } }
  const page = await read('nodes?lang=en')
  expect(page).toContain('datetime="2026-11-24T13:20:00.000Z"')
  expect(page).toMatch(/3 h ago.*<code>\/backup\/&lt;b&gt;\.db<\/code>/)
  expect(page).toMatch(/datetime="2026-11-24T14:20:00\.000Z".*not enough room/)
  expect(page).toContain('<code>idface-notifier backup FILE</code>')
  expect(await read('?lang=en')).toContain('href="nodes#backups"')
})
