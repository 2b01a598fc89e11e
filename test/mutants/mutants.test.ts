import { expect, test } from 'vitest'
import { problemsOf, readMutants } from './table.ts'

test('each mutant replaces what stands once in its file, and its tests are there', () => {
  const mutants = readMutants()
  expect(mutants.length).toBeGreaterThan(100)
  expect(problemsOf(mutants)).toEqual([])
})
