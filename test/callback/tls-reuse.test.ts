import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { OK, openRawReceiver } from '../support/raw-receiver.ts'
import { attemptTo, openSender } from '../support/sender.ts'
import { openTlsReceiver, trustedAuthority } from '../support/tls-receiver.ts'

const certificate = trustedAuthority().issue(['127.0.0.1'])

/** More than the buffers of both kernels hold. */
const LARGE = 'x'.repeat(32 * 1024 * 1024)

test.each(['http', 'https'] as const)(
  'a peer that answers before it has read a request is sent no other one on that connection, over %s',
  async scheme => {
    const answerEarly = (socket: Socket, index: number) => {
      if (index === 0) socket.pause()
      socket.write(OK)
    }
    await using receiver =
      scheme === 'https' ? await openTlsReceiver(certificate, answerEarly) : await openEarlyReceiver(answerEarly)
    await using sender = openSender()
    for (const body of [LARGE, 'small', 'small'])
      expect(await sender.send(attemptTo(receiver.url, { body }))).toMatchObject({ kind: 'answered', httpStatus: 200 })
    expect(receiver.connections()).toBe(2)
  },
)

/** Answers the first bytes of each connection, and each later read until it is paused. */
const openEarlyReceiver = (answer: (socket: Socket, index: number) => void) => {
  let reads = 0
  return openRawReceiver(
    () => {},
    socket => void socket.on('data', () => answer(socket, reads++)),
  )
}
