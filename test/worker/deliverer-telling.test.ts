import { describe, expect, test } from 'vitest'
import { createEmit, type TelemetryEvent } from '../../src/telemetry/emit.ts'
import { messageOf, NOW, OK, openScene } from './support/deliverer-scene.ts'

describe('telling of an attempt', () => {
  const openTold = (more: Parameters<typeof openScene>[0] = {}) => {
    const told: TelemetryEvent[] = []
    return { ...openScene({ ...more, emit: createEmit([event => void told.push(event)]) }), told }
  }

  test.each([
    { attempts: 0, retries: 0, origin: 'first' },
    { attempts: 2, retries: 2, origin: 'retry' },
    { attempts: 3, retries: 0, origin: 'resend' },
  ])('says what brought it, $origin, and how late it was', async ({ origin, ...counts }) => {
    const { deliverer, round, answer, told } = openTold()
    await round(messageOf(1, { ...counts, dueAt: NOW - 250 }))
    await answer(1, OK)
    await deliverer.whenIdle()
    const fields = { attempt: counts.attempts + 1, origin, lagMs: 250, durationMs: 12, outcome: 'delivered' }
    expect(told).toMatchObject([{ name: 'delivery.attempted', fields }])
  })

  test('message.exhausted was told before it was recorded, and of an attempt that ended nothing', async () => {
    const { deliverer, round, answer, told, holdRecords } = openTold({ outcome: 'exhausted' })
    const record = holdRecords()
    await round(messageOf(1, { retries: 1 }))
    await answer(1, { ...OK, httpStatus: 500 })
    expect(told.map(({ name }) => name)).toEqual(['delivery.attempted'])
    await record()
    await deliverer.whenIdle()
    const fields = { registrationId: 'reg_1', end: 'exhausted', httpStatus: 500, error: null, attempts: 1 }
    expect(told.slice(1)).toMatchObject([{ name: 'message.exhausted', fields }])
    const other = openTold({ outcome: null })
    await other.round(messageOf(1, { retries: 1 }))
    await other.answer(1, { ...OK, httpStatus: 500 })
    await other.deliverer.whenIdle()
    expect(other.told.map(({ name }) => name)).toEqual(['delivery.attempted'])
  })

  test('of a webhook that is given up says the error as it is recorded, and the console shows it', async () => {
    const { deliverer, round, answer, told, settled } = openTold({ outcome: 'exhausted' })
    await round(messageOf(1, { retries: 1 }))
    await answer(1, { kind: 'failed', error: 'tls', detail: 'CERT_HAS_EXPIRED', durationMs: 12 })
    await deliverer.whenIdle()
    const error = 'certificate_expired CERT_HAS_EXPIRED'
    expect(settled).toMatchObject([{ attempt: { error } }])
    expect(told.at(-1)).toMatchObject({ name: 'message.exhausted', fields: { httpStatus: null, error } })
  })
})
