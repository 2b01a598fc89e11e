import { describe, expect, test } from 'vitest'
import { PANELS, QUERIES } from './dashboard.ts'
import { readAlerts, textOf, unknownMetrics } from './files.ts'

const rules = textOf('deploy/prometheus/alerts.yml')
const alerts = new Map(readAlerts().map(({ name, text }) => [name, text]))

/** The expression of an alert, with the recorded expressions in it. */
const wholeAlert = (name: string): string => {
  const text = alerts.get(name) ?? ''
  const recorded = (text.match(/\bidface:[\w:]+/g) ?? []).map(
    record => rules.split(/- (?:record|alert): /).find(part => part.startsWith(`${record}\n`)) ?? '',
  )
  return text + recorded.join('')
}

describe('the shipped dashboard', () => {
  test.each(QUERIES)('$title asks for metrics that there are: $expr', ({ expr }) => {
    expect(unknownMetrics(expr)).toEqual([])
    for (const record of expr.match(/\bidface:[\w:]+/g) ?? []) expect(rules).toContain(`- record: ${record}\n`)
  })

  test.each(QUERIES.filter(({ expr }) => /\b(rate|increase|histogram_quantile)\(/.test(expr)))(
    '$title shows a zero where nothing has happened: $expr',
    ({ expr }) => expect(expr).toMatch(/ or on\(\) vector\(0\)$/),
  )

  test.each(PANELS)('$title has thresholds only where an alert has them', ({ type, description = '', fieldConfig }) => {
    const values = fieldConfig?.defaults.thresholds.steps.flatMap(({ value }) => value ?? []) ?? []
    const named = description.match(/\bIdface\w+/g) ?? []
    for (const name of named) expect([...alerts.keys()]).toContain(name)
    // 1 and 0 say yes and no.
    const bounds = values.filter(value => !(type === 'stat' && value === 1))
    for (const bound of bounds) {
      const written = bound === 1e9 ? '1e9' : String(bound)
      expect(named.some(name => new RegExp(`[<>] (bool )?${written}\\b`).test(wholeAlert(name)))).toBe(true)
    }
  })
})
