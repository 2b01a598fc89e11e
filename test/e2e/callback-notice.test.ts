import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { DAY } from '../../src/core/duration.ts'
import { bodyOf, openStage } from './stage.ts'

type Stage = Awaited<ReturnType<typeof openStage>>

const inDatabase = ({ env }: Stage, change: (client: Database.Database) => void) => {
  const client = new Database((env.DATABASE_URL as string).slice('file:'.length))
  change(client)
  client.close()
}
const noticesOf = ({ receiver }: Stage) =>
  receiver.received.filter(one => bodyOf(one).type === 'idface.callback_disabled')

test('a partner is told at a URL that works of one that is disabled, signed, under one id', async () => {
  await using stage = await openStage()
  const { receiver, api, partner } = stage
  receiver.plan('/works', [200, 500, 200])
  const { id } = await stage.register({ status: 'SUCCESS' }, { path: '/works' })
  await api.until(id, one => one.delivery.state === 'delivered')
  await stage.service.stop()

  // As five days of failures would leave it.
  const callbackUrl = receiver.urlFor('/broken')
  const [since, disabledAt] = [Date.now() - 5 * DAY, Date.now()]
  inDatabase(stage, client => {
    client
      .prepare(`INSERT INTO callbacks
        (partner_id, callback_url, failing_since, attempts, last_error, last_at, state, held_since, notice_due_at)
        VALUES (?, ?, ?, 10, 'http_503', ?, 'disabled', ?, ?)`)
      .run(partner.partnerId, callbackUrl, since, disabledAt, disabledAt, disabledAt)
  })
  {
    await using _ = await stage.restart()
    await receiver.waitFor(() => noticesOf(stage).length === 1)
  }
  // As after some minutes.
  inDatabase(stage, client => client.exec('UPDATE callbacks SET notice_due_at = 1'))
  {
    await using _ = await stage.restart()
    await receiver.waitFor(() => noticesOf(stage).length === 2)
  }

  const [first, second] = noticesOf(stage)
  expect(first).toMatchObject({ verified: true, path: '/works', attempt: 1 })
  expect(second).toMatchObject({ verified: true, path: '/works', attempt: 2, id: first?.id, body: first?.body })
  expect(first?.id).toMatch(/^msg_/)
  expect(first && bodyOf(first)).toEqual({
    type: 'idface.callback_disabled',
    timestamp: new Date(disabledAt).toISOString(),
    data: {
      callbackUrl,
      since: new Date(since).toISOString(),
      lastError: { httpStatus: 503, error: null },
    },
  })
  inDatabase(stage, client =>
    expect(client.prepare('SELECT notice_due_at AS dueAt FROM callbacks').get()).toEqual({ dueAt: null }),
  )
})
