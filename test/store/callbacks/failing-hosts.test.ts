import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import { failingHosts } from '../../../src/store/callbacks/failing-hosts.ts'
import { openConnection } from '../../../src/store/sqlite/connection.ts'

const BASELINE = new URL('../../../migrations/sqlite/0000_baseline.sql', import.meta.url)
const NOW = 100 * DAY

test('ten thousand URLs that no longer fail hide no host that does', async () => {
  const connection = openConnection(':memory:', { now: () => NOW, onBroken: () => {} })
  onTestFinished(() => connection.close())
  const { client } = connection
  client.exec(readFileSync(BASELINE, 'utf8'))
  const addPartner = client.prepare('INSERT INTO partners (id, name, disabled, created_at) VALUES (?, ?, 0, 0)')
  for (const id of ['first', 'second']) addPartner.run(id, id)
  const add =
    client.prepare(`INSERT INTO callbacks (partner_id, callback_url, state, failing_since, attempts, last_error, last_at)
    VALUES (?, ?, 'watched', ?, 5, 'http_503', ?)`)
  client.transaction(() => {
    for (let n = 0; n < 10_000; n++) add.run('first', `https://a.example/${n}`, NOW - 9 * DAY, NOW - 9 * DAY)
    add.run('second', 'https://b.example/', NOW - HOUR, NOW)
  })()
  const { worst, hosts } = await connection.read(failingHosts)
  expect([hosts, worst[0]?.host]).toEqual([1, 'b.example'])
})
