import { expect, test } from 'vitest'
import { createAccountLabels, MOST_ACCOUNTS } from '../../../src/telemetry/metrics/account-labels.ts'

test('gives a thousand accounts a label of their own, and all further ones the same', () => {
  const begun: string[] = []
  const labelOf = createAccountLabels(label => begun.push(label))
  for (let n = 0; n < MOST_ACCOUNTS; n++) expect(labelOf(`C${n}`)).toBe(`C${n}`)
  expect([labelOf('C1000'), labelOf('C1001'), labelOf('C1')]).toEqual(['other', 'other', 'C1'])
  expect(begun).toHaveLength(MOST_ACCOUNTS + 1)
})
