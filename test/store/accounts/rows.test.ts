import { describe, expect, test } from 'vitest'
import { TEST_ACCOUNT_ID } from '../../../src/core/test-serial.ts'
import { type AccountRow, accountOfRow, chooseAccount } from '../../../src/store/accounts/rows.ts'
import { RUNNING } from '../../support/claimed-account.ts'

const ROW: AccountRow = {
  ...RUNNING,
  id: 'acc_1',
  apiId: 'C1',
  apiKey: Buffer.from('sealed'),
  passwordMode: 'dynamic',
  rate: null,
  partnerId: null,
  isDefault: false,
  createdAt: 1,
  removedAt: null,
}

describe('an account', () => {
  test('goes by the rate of the settings where it has none of its own', () => {
    expect(accountOfRow(ROW, 7).rate).toBe(7)
    expect(accountOfRow({ ...ROW, rate: 3 }, 7).rate).toBe(3)
  })

  test('is shown without its key, and without fields for claims', () => {
    expect(accountOfRow(ROW, 7)).toEqual({
      id: 'acc_1',
      apiId: 'C1',
      passwordMode: 'dynamic',
      rate: 7,
      partnerId: null,
      pausedAt: null,
      pauseReason: null,
      pauseCode: null,
      unreachableAt: null,
      unreachableError: null,
      probes: ROW.probes,
    })
  })
})

describe('the account that a partner uses', () => {
  const shared = { id: 'acc_a', partnerId: null, removedAt: null }
  const own = { id: 'acc_b', partnerId: 'ptn_1', removedAt: null }
  const second = { id: 'acc_c', partnerId: 'ptn_1', removedAt: null }
  const foreign = { id: 'acc_0', partnerId: 'ptn_2', removedAt: null }

  test('is its own before one for all, and the oldest of its own', () => {
    expect(chooseAccount([shared, second, own], 'ptn_1')).toBe(own)
    expect(chooseAccount([foreign, shared], 'ptn_1')).toBe(shared)
  })

  test('is never one that is bound to another partner', () => {
    expect(chooseAccount([foreign], 'ptn_1')).toBeNull()
    expect(chooseAccount([], 'ptn_1')).toBeNull()
  })

  test('is never one that was removed, or that of test serials', () => {
    expect(chooseAccount([{ ...own, removedAt: 1 }, shared], 'ptn_1')).toBe(shared)
    expect(chooseAccount([{ ...shared, id: TEST_ACCOUNT_ID }], 'ptn_1')).toBeNull()
  })
})
