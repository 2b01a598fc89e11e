import { expect, test } from 'vitest'
import { partnerNames, partnersLike } from '../../src/cli/find-partner.ts'

const partners = [
  { id: 'partner_1', name: 'Spruce' },
  { id: 'partner_2', name: 'Spruce Ltd' },
  { id: 'partner_3', name: 'spruce' },
  { id: 'partner_4', name: 'Fir' },
  { id: 'partner_5', name: 'Fir' },
]
const ids = (of: readonly { id: string }[]) => of.map(({ id }) => id)

test.each([
  ['Spruce', ['partner_1'], ['partner_1']],
  ['Fir', ['partner_4', 'partner_5'], ['partner_4', 'partner_5']],
  ['SPRUCE', [], ['partner_1', 'partner_2', 'partner_3']],
  ['Oak', [], []],
])('%s means those of that very name, or those like it', (typed, named, like) => {
  const found = partnersLike(partners, typed)
  expect([ids(found.named), ids(found.like)]).toEqual([named, like])
})

test('a table names each partner with its id, and one that is gone by its id', async () => {
  const store = { findPartner: async (id: string) => (partners.find(one => one.id === id) ?? null) as never }
  const named = await partnerNames(store, [{ partnerId: 'partner_4' }, { partnerId: null }, { partnerId: 'gone' }])
  expect([named('partner_4'), named('gone')]).toEqual(['Fir (partner_4)', 'gone'])
})
