import { z } from 'zod'
import type { Store } from '../../store/store.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { AT_OR_NULL } from '../json/fields.ts'
import { ACT } from './authorize.ts'

const HELD = z.object({ heldSince: AT_OR_NULL.describe('Since when no webhook is sent; null: they are sent.') })
export type HeldAnswer = z.output<typeof HELD>

const readHeld = async (store: Store): Promise<HeldAnswer> =>
  z.decode(HELD, { heldSince: await store.deliveriesHeldAt() })

/** Holds all webhooks, as after a restore or before a receiver's move. */
export const HOLD_CALLS = {
  'GET /v1/admin/deliveries': adminOperation({
    role: 'read',
    operationId: 'getDeliveries',
    summary: 'Get whether all webhooks are held',
    answers: { 200: HELD },
    handle: async (c, { store }) => c.json(await readHeld(store)),
  }),
  'POST /v1/admin/deliveries/hold': adminOperation({
    role: 'operate',
    act: 'deliveries.hold',
    operationId: 'holdDeliveries',
    summary: 'Send no webhook until they are resumed',
    description: 'It lasts over restarts, and holds on every node. Registering and polling go on, and nothing is lost.',
    body: ACT,
    answers: { 200: HELD },
    handle: async (c, { store }) => {
      await c.get('beginAct')('')
      await store.holdDeliveries()
      return c.json(await readHeld(store))
    },
  }),
  'POST /v1/admin/deliveries/resume': adminOperation({
    role: 'operate',
    act: 'deliveries.resume',
    operationId: 'resumeDeliveries',
    summary: 'Send webhooks again, the oldest first',
    body: ACT,
    answers: { 200: HELD },
    handle: async (c, { store }) => {
      await c.get('beginAct')('')
      await store.resumeDeliveries()
      return c.json(await readHeld(store))
    },
  }),
} satisfies AdminCalls
