import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Coverage, calmMs } from './coverage.ts'
import { BROKEN, type Finding } from './findings.ts'
import { readOptions } from './options.ts'
import { isKept, linesOf, README_PATH, redHistories, resultOf } from './report.ts'
import type { Totals } from './simulation/many.ts'
import { makeSmaller } from './simulation/smaller.ts'

test.each([
  ['', { mode: 'minutes', count: 10, engine: 'sqlite' }],
  ['--histories 5 --seed 0', { mode: 'histories', count: 5, seed: 0, plan: 'minutes' }],
  ['--histories 5 --postgres', { mode: 'histories', count: 5, plan: 'postgres' }],
  ['--history 7 --years 1', { mode: 'history', count: 7, plan: 'year' }],
  ['--kills 6 --seed=20 --postgres', { mode: 'kills', count: 6, seed: 20, engine: 'postgres' }],
])('what is run by "%s"', (args, options) => {
  expect(readOptions(args.split(' ').filter(Boolean))).toMatchObject(options)
})

test.each([
  '--histories 0',
  '--kills 0',
  '--minutes 0',
  '--histories -5',
  '--histories=-5',
  '--histories 1e3',
  '--histories',
  '--nothing 5',
  '5',
  '--faults 10 --kills 5',
  '--years 5 --postgres',
  '--history 5 --only x',
  '--history 5 --only 3,9999',
  '--histories 5 --only 3',
])('%s is refused, in a line', args => {
  expect(readOptions(args.split(' '))).toMatch(/^[^\n]*(--|'5')[^\n]*$/)
})

const lost = (id: number, n = 0): Finding => ({
  ...{ broken: 'lost', what: `reg_${id}: is not there any more at ${1795536000000 + n}` },
})
const many = (ids: number, times: number): Finding[] =>
  Array.from({ length: ids * times }, (_, i) => lost(Math.floor(i / times), i))

test('few findings of each registration are listed, and few of all', () => {
  expect(linesOf({ findings: many(2, 4), inconsistencies: [] })).toHaveLength(2 * 3 + 1)
  const lines = linesOf({ findings: many(30, 4), inconsistencies: ['pending'] })
  expect(lines).toHaveLength(20 + 1)
  expect(lines[1]).toContain('2026-11-')
  expect(lines.at(-1)).toContain('101 more')
  expect(linesOf({ findings: [lost(1), lost(1), lost(1)], inconsistencies: [] })).toHaveLength(1)
})

test('each red history is shown with its command', () => {
  const counts = { histories: 12 } as Totals['counts']
  const red = Array.from({ length: 10 }, (_, seed) => ({
    ...{ seed, only: null, findings: many(9, 9), inconsistencies: [], errors: ['thrown'] },
  }))
  const text = redHistories({ counts, red, coverage: { webhooks: [1, 1], ms: [1, 1] } }, 'year', 100)
  for (const { seed } of red) expect(text).toContain(`npm run chaos -- --history ${seed} --years 1`)
  expect(text.split('\n').length).toBeLessThan(30)
  expect(text).toContain('after 12 histories')
})

test.each([
  ['a promise', { findings: many(1, 1) }],
  ['an error', { errors: ['thrown'] }],
])('a history that broke by %s is left with the parts that it takes', async (_, how) => {
  const red = { seed: 1, only: null, findings: [], inconsistencies: [], errors: [], ...how }
  const run = async (only: number[]) => (only.includes(3) && only.includes(8) ? { ...red, only } : null)
  expect((await makeSmaller(red, { parts: 20, endsAt: Number.POSITIVE_INFINITY, run })).only).toEqual([3, 8])
})

test('a run ends with a result', () => {
  const red = { findings: many(2, 1), inconsistencies: [], errors: ['thrown'] }
  expect(isKept(resultOf([]))).toBe(true)
  expect(resultOf([red, red])).toContain('BROKEN: 4 lost, 2 errors')
  expect(resultOf([], { missing: ['webhooks'] })).toContain('no webhooks')
})

test('a run says how much was judged, and shows nothing where that is less than half', () => {
  const judged = (webhooks: number, seconds: number): Coverage => ({
    ...{ webhooks: [webhooks, 1_363], ms: [seconds * 1_000, 612_000] },
  })
  const good = resultOf([], { coverage: [judged(1_284, 540)] })
  expect(isKept(good)).toBe(true)
  expect(good).toContain('1,284 of 1,363 webhooks, 540 of 612 s')
  for (const blind of [judged(681, 540), judged(1_284, 305)])
    expect(resultOf([], { coverage: [judged(1_284, 540), blind] })).toContain('NOTHING SHOWN')
})

test('time is judged but for troubles and the second after each, which may overlap', () => {
  const trouble = (from: number, to: number) => ({ from, to, of: 'service' as const, name: 'kill -9' })
  const troubles = [trouble(9_000, Number.POSITIVE_INFINITY), trouble(2_000, 3_000), trouble(3_500, 4_000)]
  expect(calmMs({ troubles }, { from: 0, to: 10_000 })).toBe(2_000 + 4_000)
})

test.each(BROKEN)('the page says what "%s" means', word => {
  expect(readFileSync(README_PATH, 'utf8')).toContain(`\n| ${word} | `)
})
