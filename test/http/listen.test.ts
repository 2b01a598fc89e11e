import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { listen } from '../../src/http/listen.ts'

const at = (host: string, port = 0) => ({ host, port })

test('the port closed at once: while it drains it answers on, each answer ends its connection, and idle ones hold up no end', async () => {
  const slow = Promise.withResolvers<Response>()
  const begun = Promise.withResolvers<void>()
  const fetchFrom: Parameters<typeof listen>[0] = request => {
    if (!request.url.endsWith('/slow')) return new Response('ok')
    begun.resolve()
    return slow.promise
  }
  const listener = await listen(fetchFrom, at('127.0.0.1'))
  const idle = connect(Number(new URL(listener.url).port), '127.0.0.1')
  await once(idle, 'connect')
  const answer = fetch(`${listener.url}/slow`)
  await begun.promise
  let isDrained = false
  const drained = listener.drain().then(() => {
    isDrained = true
  })
  const ended = await fetch(listener.url)
  expect([await ended.text(), ended.headers.get('connection'), isDrained]).toEqual(['ok', 'close', false])
  slow.resolve(new Response('slow'))
  expect(await (await answer).text()).toBe('slow')
  await drained
  const closed = once(idle, 'close')
  await Promise.all([listener.close(), closed])
  await expect(fetch(listener.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})
