import { expect, test } from 'vitest'
import { createOpen, type Origin } from '../../src/http-client/socket.ts'
import { clockWith } from '../support/clock.ts'
import { openRawReceiver } from '../support/raw-receiver.ts'

const originAt = (port: number): Origin => ({
  protocol: 'https:',
  hostname: '127.0.0.1',
  port,
  host: `127.0.0.1:${port}`,
})

test('aborting ends a handshake at once', async () => {
  await using receiver = await openRawReceiver()
  const controller = new AbortController()
  const handshaking = Promise.withResolvers<void>()
  const open = createOpen<Origin>((_origin, { openTcp }) => openTcp(), clockWith())(originAt(receiver.port))
  const opening = open({
    signal: controller.signal,
    onRead: () => {},
    onProxy: () => {},
    onTls: () => handshaking.resolve(),
  })
  const ended = expect(opening).rejects.toThrow()
  await handshaking.promise
  controller.abort()
  await ended
  await expect.poll(receiver.open).toBe(0)
})
