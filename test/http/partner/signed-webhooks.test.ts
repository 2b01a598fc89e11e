import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { openStage } from '../../e2e/stage.ts'

const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

const openRotating = async () => {
  const stage = await openStage()
  const rotate = async (body: Record<string, unknown>) =>
    (await stage.api.call<{ secret: string }>('POST', '/v1/signing-secrets/rotate', body)).body.secret
  const { receiver } = stage
  return {
    ...stage,
    rotate,
    /** What the receiver, who knows this secret only, says of the next webhook, and its signatures. */
    judgedWith: async (secret: string) => {
      receiver.trust([secret])
      const { id } = await stage.register({ status: 'SUCCESS' })
      await receiver.waitFor(() => stage.deliveriesOf(id).length > 0)
      const [delivery] = stage.deliveriesOf(id)
      if (!delivery) throw new Error('no delivery')
      return { ...delivery, signatures: String(delivery.headers['webhook-signature']).split(' ') }
    },
  }
}

test('during an overlap a webhook verifies with the old secret and with the new one', async () => {
  await using stage = await openRotating()
  const old = stage.partner.signingSecret
  const fresh = await stage.rotate({ overlap: '1h' })
  for (const secret of [old, fresh]) {
    const { verified, signatures } = await stage.judgedWith(secret)
    expect([verified, signatures.length]).toEqual([true, 2])
  }
})

test('without an overlap only the new secret signs', async () => {
  await using stage = await openRotating()
  const old = stage.partner.signingSecret
  const fresh = await stage.rotate({ overlap: '0s' })
  const late = await stage.judgedWith(old)
  expect([late.verified === true, late.signatures.length]).toEqual([false, 1])
  expect((await stage.judgedWith(fresh)).verified).toBe(true)
})

test('a webhook signed with v1a verifies with the public key that the rotation returned', async () => {
  await using stage = await openRotating()
  const publicText = await stage.rotate({ type: 'v1a', overlap: '1h' })
  const { body, headers, signatures } = await stage.judgedWith(stage.partner.signingSecret)
  expect(signatures.map(text => text.split(',')[0]).sort()).toEqual(['v1', 'v1a'])
  const [signature = ''] = signatures.filter(text => text.startsWith('v1a,'))
  const der = Buffer.concat([SPKI_HEAD, Buffer.from(publicText.slice('whpk_'.length), 'base64')])
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  expect(verify(null, content, key, Buffer.from(signature.slice('v1a,'.length), 'base64'))).toBe(true)
})

test('a partner with thin payloads is sent neither the message nor the scores', async () => {
  await using stage = await openRotating()
  await stage.admin.call('PATCH', `/v1/admin/partners/${stage.partner.partnerId}`, { payload: 'thin' })
  const { verified, body } = await stage.judgedWith(stage.partner.signingSecret)
  expect(verified).toBe(true)
  expect(body).not.toMatch(/"message"|livingScore|similarity/)
  expect(Object.keys(JSON.parse(body).data)).toEqual([
    ...['registrationId', 'idcardid', 'status', 'reason', 'metadata', 'observedAt', 'previousPollAt'],
  ])
})
