import { expect, test } from 'vitest'
import { toldToPartner } from '../../src/callback/partner-view.ts'

test('M18 tells the same of blocked, refused, silent and unknown targets, time included', () => {
  const errors = ['blocked', 'dns', 'refused', 'unreachable', 'connect_timeout', 'proxy']
  const told = errors.map((error, durationMs) => toldToPartner({ error, durationMs, httpStatus: null }))
  expect(new Set(told.map(one => JSON.stringify(one))).size).toBe(1)
  expect(told[0]?.error).toBe('unreachable')
})

test.each(['tls', 'timeout', 'reset', 'protocol', null])('hands on %j as it is', error => {
  expect(toldToPartner({ error, durationMs: 7 })).toEqual({ error, durationMs: 7 })
})
