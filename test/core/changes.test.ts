import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changesOf, MAX_BYTES, MAX_TEXT } from '../../src/core/changes.ts'

const read = (json: string | null) => (json === null ? null : JSON.parse(json))

test('what is set to another value was and will be', () => {
  const before = { name: 'Acme', disabled: false, quotas: { daily: null, hosts: 5 } }
  const after = { name: 'Acme 2', disabled: false, payload: undefined, quotas: { daily: 7, hosts: null } }
  expect(read(changesOf({ before, after }))).toEqual({
    name: { before: 'Acme', after: 'Acme 2' },
    'quotas.daily': { before: null, after: 7 },
    'quotas.hosts': { before: 5, after: null },
  })
  expect(changesOf({ before, after: { name: 'Acme', quotas: { daily: null } } })).toBeNull()
})

test('of what comes or goes there is one side, without what it has not', () => {
  expect(read(changesOf({ after: { name: 'Acme', rate: null } }))).toEqual({ name: { after: 'Acme' } })
  expect(read(changesOf({ before: { name: 'Acme', rate: null } }))).toEqual({ name: { before: 'Acme' } })
})

test('whatever changes, it is so many bytes at most, of JSON that UTF-8 can hold', () => {
  const facts = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', maxLength: 300 }), {
    maxKeys: 20,
  })
  fc.assert(
    fc.property(facts, facts, (before, after) => {
      const json = changesOf({ before, after }) ?? ''
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(MAX_BYTES)
      expect(Buffer.from(json).toString()).toBe(json)
    }),
    { numRuns: 10 },
  )
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`field${n}`, '值'.repeat(MAX_TEXT)]))
  expect(Object.keys(read(changesOf({ after: many })))).toEqual(['field0', 'field1'])
})
