import type { Delivery } from '../../src/simulator/receiver.ts'
import type { Script } from '../../src/simulator/script.ts'
import { createAdminClient, createApiClient } from '../support/api-client.ts'
import { openReceiver } from '../support/receiver.ts'
import {
  ACCOUNT,
  ADMIN_TOKEN,
  type Environment,
  OTHER_ACCOUNT,
  openFolder,
  openService,
  serviceEnvironment,
} from '../support/service.ts'
import { openUpstreamSimulator } from '../support/upstream.ts'

/** The body of a webhook. */
export interface WebhookJson {
  type: string
  timestamp: string
  data: {
    registrationId: string
    idcardid: string
    status: string | null
    reason: string | null
    message: string | null
    livingScore: string | null
    similarity: string | null
    metadata: Record<string, string>
    observedAt: string
    previousPollAt: string | null
  }
}

export const bodyOf = (delivery: Delivery | undefined): WebhookJson => {
  if (!delivery) throw new Error('no such delivery')
  return JSON.parse(delivery.body) as WebhookJson
}

/** Everything around a service, on free ports and in a folder of its own: the simulator and a receiver. */
export const openScene = async (overrides: Environment = {}) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder())
  const upstream = stack.use(await openUpstreamSimulator({ accounts: [ACCOUNT, OTHER_ACCOUNT], now: Date.now }))
  const receiver = stack.use(await openReceiver({ secrets: [], now: Date.now }))
  const env = { ...serviceEnvironment({ folder: folder.path, upstreamUrl: upstream.url }), ...overrides }
  const opened = stack.move()
  return { folder: folder.path, upstream, receiver, env, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

let serials = 0
const newSerial = () => `serial-${++serials}`

/** Nobody here is too slow by accident, however busy the machine. */
const PATIENT = { UPSTREAM_TIMEOUT: '5s', CALLBACK_TIMEOUT: '5s' }

/** A whole stage: a scene, the service in this process, and one partner whose webhooks the receiver verifies. */
export const openStage = async (overrides: Environment = {}) => {
  await using stack = new AsyncDisposableStack()
  const scene = stack.use(await openScene({ ...PATIENT, ...overrides }))
  const service = stack.use(await openService(scene.env))
  const { upstream, receiver } = scene
  const admin = createAdminClient(service.url, ADMIN_TOKEN)
  const secrets: string[] = []
  const receivers = [receiver]

  const addPartner = async (name: string) => {
    const created = await admin.createPartner(name)
    secrets.push(created.signingSecret)
    for (const one of receivers) one.trust([...secrets])
    return { ...created, api: createApiClient(service.url, created.apiKey) }
  }
  const partner = await addPartner('first')
  const { api } = partner

  const deliveriesOf = (id: string): readonly Delivery[] =>
    receiver.received.filter(delivery => bodyOf(delivery).data.registrationId === id)

  const opened = stack.move()
  return {
    ...scene,
    service,
    admin,
    partner,
    api,
    addPartner,
    /** Registers a serial of its own that upstream answers so. */
    register: async (
      script: Script,
      more: { path?: string; expiresAt?: string; metadata?: Record<string, string> } = {},
    ) => {
      const { path = '/hook', ...rest } = more
      const idcardid = newSerial()
      upstream.script(idcardid, script)
      return api.register({ idcardid, callbackUrl: receiver.urlFor(path), ...rest })
    },
    deliveriesOf,
    /** A receiver on another port, which makes it another host. */
    openReceiver: async () => {
      const another = await openReceiver({ secrets: [...secrets], now: Date.now })
      receivers.push(another)
      return another
    },
    /** Stops the service and starts it again on the same database, perhaps with other settings. */
    restart: async (changes: Environment = {}) => {
      await service.stop()
      const again = await openService({ ...scene.env, ...changes })
      return {
        service: again,
        admin: createAdminClient(again.url, ADMIN_TOKEN),
        api: createApiClient(again.url, partner.apiKey),
        [Symbol.asyncDispose]: again.stop,
      }
    },
    /** The last of the first `count` deliveries for a registration, as soon as it is there; each must be verified. */
    delivery: async (id: string, count = 1): Promise<Delivery> => {
      await receiver.waitFor(() => deliveriesOf(id).length >= count)
      const delivery = deliveriesOf(id)[count - 1]
      if (delivery?.verified !== true) throw new Error(`delivery ${count}: ${delivery?.verified}`)
      return delivery
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
