import { describe, expect, test } from 'vitest'
import { afterPartnerChange, type PartnerRow, viewPartner } from '../../src/store/partners/partners.ts'

const ROW: PartnerRow = {
  id: 'ptn_1',
  name: 'ACME',
  disabled: true,
  payload: 'thin',
  maxPending: 5,
  maxHosts: null,
  maxDaily: 0,
  createdAt: 1,
}

/** What a change may touch. */
const { id: _, createdAt: __, ...CHANGEABLE } = ROW

describe('a change of a partner', () => {
  test('leaves what it does not name', () => {
    expect(afterPartnerChange(ROW, {})).toEqual(CHANGEABLE)
    expect(afterPartnerChange(ROW, { name: undefined, quotas: { pending: undefined } })).toEqual(CHANGEABLE)
    expect(afterPartnerChange(ROW, { name: 'new' })).toEqual({ ...CHANGEABLE, name: 'new' })
  })

  test('takes false, 0 and null as they are', () => {
    const change = { disabled: false, quotas: { pending: null, hosts: 0 } }
    expect(afterPartnerChange(ROW, change)).toEqual({ ...CHANGEABLE, disabled: false, maxPending: null, maxHosts: 0 })
  })
})

test('a partner is shown with its quotas together', () => {
  expect(viewPartner(ROW)).toEqual({
    id: 'ptn_1',
    name: 'ACME',
    disabled: true,
    payload: 'thin',
    quotas: { pending: 5, hosts: null, daily: 0 },
    createdAt: 1,
  })
})
