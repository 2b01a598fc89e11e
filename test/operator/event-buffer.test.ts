import { expect, test } from 'vitest'
import type { Observation } from '../../src/core/alert.ts'
import { SECOND } from '../../src/core/duration.ts'
import { createEventBuffer } from '../../src/operator/event-buffer.ts'
import { observationsOf } from '../../src/operator/observations.ts'
import type { NotedAlerts } from '../../src/store/operators/alerts.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const exhausted = (subject: string, adds = 1, host = 'partner.example'): Observation => ({
  ...{ condition: 'message.exhausted', subject, at: 0, adds },
  details: { partnerId: subject, host, error: 'timeout' },
})

const open = () => {
  const clock = createFixedClock()
  const written: (readonly Observation[])[] = []
  const emitted: unknown[] = []
  const state = { isBroken: false, result: { merged: [], dropped: [] } as NotedAlerts }
  const buffer = createEventBuffer({
    store: {
      noteAlerts: async notes => {
        if (state.isBroken) throw new Error('the database cannot be used now')
        written.push(notes)
        return state.result
      },
    },
    clock,
    emit: (_, fields) => void emitted.push(fields),
  })
  return { clock, written, emitted, state, buffer }
}

test('what cannot be written is kept, in its order, and written later', async () => {
  const { clock, written, state, buffer } = open()
  state.isBroken = true
  buffer.note(exhausted('one'))
  await clock.advance(SECOND)
  buffer.note(exhausted('two'))
  buffer.note(exhausted('one'))
  state.isBroken = false
  await clock.advance(SECOND)
  expect(written.flat()).toEqual([exhausted('one', 2), exhausted('two')])
  await buffer.stop()
})

test('what is given up at another host is noted by itself: it is told at once', async () => {
  const { written, buffer } = open()
  for (const host of ['a.example', 'b.example', 'a.example']) buffer.note(exhausted('one', 1, host))
  await buffer.stop()
  expect(written.flat()).toEqual([exhausted('one', 2, 'a.example'), exhausted('one', 1, 'b.example')])
})

test('counts what was merged, and what had to go, also where nothing can be written', async () => {
  const { emitted, state, buffer } = open()
  state.isBroken = true
  for (let n = 0; n < 1_001; n++) buffer.note(exhausted(`partner_${n}`))
  expect(emitted).toEqual([{ type: 'message.exhausted', outcome: 'dropped' }])
  state.isBroken = false
  state.result = { merged: ['message.exhausted'], dropped: ['callback.failing'] }
  await buffer.stop()
  expect(emitted.slice(1)).toEqual([
    { type: 'message.exhausted', outcome: 'merged' },
    { type: 'callback.failing', outcome: 'dropped' },
  ])
})

test('an exhausted webhook is noted for its partner, with how it failed', () => {
  const message = { messageId: 'msg_1', registrationId: 'reg_1', partnerId: 'par_1', host: 'h' }
  const fields = { ...message, attempts: 9, resent: false }
  const note = (more: { httpStatus: number | null; error: string | null }) =>
    observationsOf({ name: 'message.exhausted', level: 'warn', fields: { ...fields, end: 'exhausted', ...more } }, 5)[0]
  expect(note({ httpStatus: 500, error: null })).toMatchObject({
    ...{ subject: 'par_1', at: 5, adds: 1, details: { error: 'http_500' } },
  })
  expect(note({ httpStatus: null, error: 'certificate_expired CERT_HAS_EXPIRED' })).toMatchObject({
    details: { error: 'certificate_expired CERT_HAS_EXPIRED' },
  })
})

test('all URLs of a host are one subject: what has begun, and what ends it', () => {
  const fields = { partnerId: 'par_1', host: 'h', since: '1970-01-01T00:00:01.000Z', error: 'http_503' }
  const notes = (name: 'callback.failing' | 'callback.disabled' | 'callback.recovered') =>
    observationsOf({ name, level: 'warn', fields }, 5)
  const begun = {
    subject: 'par_1 h',
    adds: 1,
    details: { partnerId: 'par_1', host: 'h', since: 1_000, error: 'http_503' },
  }
  const over = { subject: 'par_1 h', adds: 0, details: null }
  expect(notes('callback.failing')).toEqual([{ condition: 'callback.failing', at: 5, ...begun }])
  expect(notes('callback.disabled')).toEqual([
    { condition: 'callback.failing', at: 5, ...over },
    { condition: 'callback.disabled', at: 5, ...begun },
  ])
  expect(notes('callback.recovered')).toEqual([
    { condition: 'callback.failing', at: 5, ...over },
    { condition: 'callback.disabled', at: 5, ...over },
  ])
})
