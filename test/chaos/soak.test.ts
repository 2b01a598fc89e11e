import { expect, test } from 'vitest'
import type { Soak } from './processes/soak.ts'
import { growing, soakPicture } from './processes/soak-report.ts'

const soakOf = (values: number[]): Soak => ({
  engine: 'sqlite',
  minutes: 10,
  rate: 1,
  series: new Map([['memory', { unit: 'MB', values }]]),
  counts: { registrations: 0, refused: 0, polls: 0, webhooks: 0, failed: 0, duplicates: 0, kills: 0 },
  findings: [],
  inconsistencies: [],
})
const values = (at: (n: number) => number) => Array.from({ length: 60 }, (_, n) => at(n))

test.each([
  ['that stays as it is', values(() => 150), []],
  ['that grows at first, and has gaps', values(n => (n < 12 ? 10 * n : n % 7 ? 150 : Number.NaN)), []],
  ['with a few high ones', values(n => (n % 10 ? 150 : 600)), []],
  ['that grows and grows', values(n => 150 + n), ['memory']],
])('memory %s', (_, values, names) => {
  expect(growing(soakOf(values)).map(({ name }) => name)).toEqual(names)
  expect(soakPicture(soakOf(values))).not.toMatch(/NaN|Infinity/)
})
