import { expect, test } from 'vitest'
import { exitCodeOf, wordsOf } from '../../src/cli/ending.ts'
import { findPartner, partnerNames } from '../../src/cli/find-partner.ts'

const partners = [
  { id: 'partner_1', name: 'Spruce' },
  { id: 'partner_2', name: 'Spruce Ltd' },
  { id: 'partner_3', name: 'spruce' },
  { id: 'partner_4', name: 'Fir' },
  { id: 'partner_5', name: 'Fir' },
]
const store = {
  findPartner: async (id: string) => (partners.find(one => one.id === id) ?? null) as never,
  partnerNames: async (ids: readonly string[]) =>
    new Map(partners.flatMap(({ id, name }) => (ids.includes(id) ? [[id, name]] : []))),
  listPartners: async () => ({ found: partners as never[], next: null }),
}

test('a partner is found by its id, or by its very name', async () => {
  expect(await findPartner(store, 'partner_4')).toMatchObject({ id: 'partner_4' })
  expect(await findPartner(store, 'Spruce')).toMatchObject({ id: 'partner_1' })
})

test.each([
  ['Fir', ['partner_4', 'partner_5']],
  ['SPRUCE', ['partner_1', 'partner_2', 'partner_3']],
  ['Oak', []],
])('%s is refused, with those that may be meant', async (typed, meant) => {
  const error = await findPartner(store, typed).catch((thrown: unknown) => thrown)
  expect(exitCodeOf(error)).toBe(2)
  for (const words of Object.values(wordsOf(error))) expect(words.match(/partner_\d/g) ?? []).toEqual(meant)
})

test('a table names each partner with its id, and one that is gone by its id', async () => {
  const named = await partnerNames(store, [{ partnerId: 'partner_4' }, { partnerId: null }, { partnerId: 'gone' }])
  expect([named('partner_4'), named('gone')]).toEqual(['Fir (partner_4)', 'gone'])
})
