import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BATCH_BODY, BATCH_RESULTS, MOST_IN_A_BATCH } from '../../src/http/partner/batch.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The row of a call in the table of calls. */
const rowOf = (file: string, call: string): string =>
  readFileSync(join(ROOT, file), 'utf8')
    .split('\n')
    .find(line => line.startsWith(`| \`${call}\` |`)) ?? ''

test.each(['README.md', 'README.zh-CN.md'])('%s said of a batch neither what is sent nor what comes back', file => {
  const row = rowOf(file, 'POST /v1/registrations/batch')
  const [body, results] = [BATCH_BODY, BATCH_RESULTS].map(schema => Object.keys(schema.shape))
  const [made, refused] = BATCH_RESULTS.shape.results.element.options.map(option => Object.keys(option.shape))
  for (const name of [body, results].flat()) expect(row).toContain(`{"${name}":[`)
  for (const name of new Set([made, refused].flat())) expect(row).toContain(`\`${name}\``)
  expect(row.replaceAll(',', '')).toContain(String(MOST_IN_A_BATCH))
})
