import { afterEach, expect, test, vi } from 'vitest'
import { findPartner, partnerNames } from '../../src/cli/find-partner.ts'

const say = (en: string) => en
const partners = [
  { id: 'partner_1', name: 'Spruce' },
  { id: 'partner_2', name: 'Spruce Ltd' },
  { id: 'partner_3', name: 'spruce' },
  { id: 'partner_4', name: 'Fir' },
  { id: 'partner_5', name: 'Fir' },
]
const store = {
  findPartner: async (id: string) => (partners.find(one => one.id === id) ?? null) as never,
  listPartners: async () => partners as never[],
}

afterEach(() => void vi.restoreAllMocks())

test('a partner is found by its id, or by its very name', async () => {
  expect(await findPartner(store, 'partner_4', say)).toMatchObject({ id: 'partner_4' })
  expect(await findPartner(store, 'Spruce', say)).toMatchObject({ id: 'partner_1' })
})

test.each(['Fir', 'SPRUCE', 'Oak'])('%s, which names none or several, is refused', async typed => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  vi.spyOn(process, 'exit').mockImplementation(code => {
    throw new Error(`exit ${code}`)
  })
  await expect(findPartner(store, typed, say)).rejects.toThrow('exit 2')
})

test('a table names each partner with its id, and one that is gone by its id', async () => {
  const named = await partnerNames(store, [{ partnerId: 'partner_4' }, { partnerId: null }, { partnerId: 'gone' }])
  expect([named('partner_4'), named('gone')]).toEqual(['Fir (partner_4)', 'gone'])
})
