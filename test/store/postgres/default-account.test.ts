import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { openPostgres, useServer } from '../../support/postgres-server.ts'

const { newDatabase } = useServer()

test('a node that started with another account could deadlock with a settlement', async () => {
  const { url, connect, untilWaiting } = await newDatabase()
  const store = await openPostgres(url)
  await using stack = new AsyncDisposableStack()
  stack.defer(store.close)
  const settler = stack.use(await connect())
  const put = (id: string, apiId: string) =>
    store.putDefaultAccount({ id, apiId, apiKey: new Secret('key'), passwordMode: 'dynamic' })
  const lock = (id: string) => settler.query('SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE', [id])
  await put('acc_1', 'C1')
  await put('acc_2', 'C2')
  await settler.query('BEGIN')
  await lock('acc_1')
  const putting = put('acc_1', 'C1')
  await untilWaiting(1)
  // It must not have what comes after what it waits for.
  await settler.query("SET LOCAL lock_timeout = '200ms'")
  await lock('acc_2')
  await settler.query('COMMIT')
  expect(await putting).toMatchObject({ id: 'acc_1' })
  const { rows } = await settler.query('SELECT id FROM accounts WHERE is_default')
  expect(rows).toEqual([{ id: 'acc_1' }])
})
