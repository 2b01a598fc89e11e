import { expect, test } from 'vitest'
import { runHistory } from './simulation/history.ts'
import { PLANTED } from './simulation/planted.ts'

const MOST_HISTORIES = 200

test.each(PLANTED)('the checker finds a service that $bug: $broken', { timeout: 0 }, async ({ broken, plant }) => {
  for (let seed = 1; seed <= MOST_HISTORIES; seed++) {
    const { findings } = await runHistory(seed, { alter: plant })
    if (findings.some(one => one.broken === broken)) return
  }
  expect.fail(`not in ${MOST_HISTORIES} histories`)
})
