import { afterAll, beforeAll, expect, test } from 'vitest'
import { mayPass } from '../../../src/store/opening-failure.ts'
import { refusalOf } from '../../support/opening.ts'
import { noPooler, openPooler } from '../../support/pgbouncer.ts'
import { openTestServer, type TestServer } from '../../support/postgres.ts'

let server: TestServer
beforeAll(async () => {
  // Whoever comes through the socket needs a password, but for its superuser.
  server = await openTestServer([], ['local all postgres trust', 'local all all scram-sha-256'])
  await server.query("CREATE ROLE notifier LOGIN PASSWORD 'right'")
  await server.query('CREATE DATABASE notifier OWNER notifier')
})
afterAll(() => server[Symbol.asyncDispose]())

/** What a start says, and whether it may pass by itself. */
const trial = async (url: string): Promise<[string, boolean]> => {
  const { message, words } = await refusalOf(url)
  expect(words.zh).toMatch(/^DATABASE_URL：无法使用 postgres:.*）：.*\p{Script=Han}/u)
  expect(`${message}${words.zh}`).not.toMatch(/wrong|right|stale/)
  return [message.replace(/^DATABASE_URL: postgres:\S+ cannot be used /, ''), mayPass(await refusalOf(url))]
}

test('a password that is wrong, or missing, is told', async () => {
  const at = (login: string) => server.urlOf('notifier').replace('postgres@', `${login}@`)
  expect(await trial(at('notifier:wrong'))).toEqual([
    expect.stringMatching(/^\(28P01\): it refuses this password: correct it/),
    false,
  ])
  expect(await trial(at('notifier'))).toEqual([
    expect.stringMatching(/^\(NO_PASSWORD\): it asks for a password, and there is none: .*USER:PASSWORD@/),
    false,
  ])
})

test.skipIf(noPooler !== null)(
  `a wrong password behind PgBouncer looked like an outage (${noPooler ?? 'one is here'})`,
  async () => {
    await using pooler = await openPooler(server, {
      logins: { notifier: 'right', ghost: 'right' },
      databases: ['notifier', 'gone'],
    })
    await using stale = await openPooler(server, { logins: { notifier: 'stale' } })
    await using away = await openPooler(server, { logins: { notifier: 'right' }, port: 1 })
    const at = (login: string, name = 'notifier', { port } = pooler) => `postgres://${login}@127.0.0.1:${port}/${name}`
    const refused = /^\(POOLER_LOGIN\): the pooler before it refuses this user or password: correct .*auth_file/
    expect(await trial(at('notifier:wrong'))).toEqual([expect.stringMatching(refused), false])
    expect(await trial(at('nobody:wrong'))).toEqual([expect.stringMatching(refused), false])
    // The pooler lets it in, and the server does not.
    expect(await trial(at('ghost:right'))).toEqual([expect.stringMatching(/^\(28P01\): it refuses/), false])
    expect(await trial(at('notifier:stale', 'notifier', stale))).toEqual([
      expect.stringMatching(/^\(28P01\): .*in the pooler/),
      false,
    ])
    expect(await trial(at('notifier:right', 'missing'))).toEqual([
      expect.stringMatching(/^\(POOLER_DATABASE\): the pooler before it has no such database: .*\[databases\]/),
      false,
    ])
    expect(await trial(at('notifier:right', 'gone'))).toEqual([
      expect.stringMatching(/^\(3D000\): .*CREATE DATABASE/),
      false,
    ])
    expect(await trial(at('notifier'))).toEqual([expect.stringMatching(/^\(NO_PASSWORD\)/), false])
    // An outage stays one.
    expect(await trial(at('notifier:right', 'notifier', away))).toEqual([
      expect.stringMatching(/^\(08P01\): .*ends the connection: look into its log/),
      true,
    ])
  },
  60_000,
)
