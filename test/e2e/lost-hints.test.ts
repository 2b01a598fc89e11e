import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import type { StoreHints } from '../../src/store/hints.ts'
import type { Store } from '../../src/store/store.ts'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { ADMIN_TOKEN, openService } from '../support/service.ts'
import { bodyOf, openScene } from './stage.ts'

/** No hint of the store reaches its listeners. */
const withoutHints = (store: Store): Store => ({ ...store, hints: new EventEmitter<StoreHints>() })

test('a service whose store loses every hint asks, sends and tries again all the same', async () => {
  await using scene = await openScene()
  const { upstream, receiver } = scene
  await using service = await openService(scene.env, withoutHints)
  const partner = await createAdminClient(service.url, ADMIN_TOKEN).createPartner('first')
  receiver.trust([partner.signingSecret])
  const api = createApiClient(service.url, partner.apiKey)
  const told = (id: string) => receiver.received.filter(one => bodyOf(one).data.registrationId === id)

  upstream.script('serial-1', { status: 'SUCCESS' })
  receiver.plan('/hook', [500])
  const { id } = await api.register({ idcardid: 'serial-1', callbackUrl: receiver.urlFor('/hook') })
  await receiver.waitFor(() => told(id).length === 2)
  expect(await api.until(id, one => one.delivery.state === 'delivered')).toMatchObject({ status: 'succeeded' })

  // One more for the serial, whose verdict is known.
  const joined = await api.register({ idcardid: 'serial-1', callbackUrl: receiver.urlFor('/other') })
  await receiver.waitFor(() => told(joined.id).length === 1)
  await api.until(joined.id, one => one.delivery.state === 'delivered')
  expect(told(id)).toHaveLength(2)
})
