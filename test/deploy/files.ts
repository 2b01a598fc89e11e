import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { METRICS } from '../../src/app/readings.ts'

export const ROOT = join(import.meta.dirname, '../..')
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const DECLARED = new Map(Object.values(METRICS).map(({ name, type }) => [name, type as string]))

/** Metrics named in a text that the service does not have; of a histogram, the parts that queries use. */
export const unknownMetrics = (text: string): string[] =>
  [...new Set(text.match(/\bidface_\w+/g))].filter(name => {
    const whole = name.replace(/_(bucket|sum|count)$/, '')
    return !DECLARED.has(name) && DECLARED.get(whole) !== 'histogram'
  })

export interface Alert {
  name: string
  text: string
}

/** The alerts of the shipped rules, each with its lines. */
export const readAlerts = (): Alert[] =>
  textOf('deploy/prometheus/alerts.yml')
    .split(/^ {6}- (?=alert: )/m)
    .slice(1)
    .map(text => ({ name: /^alert: (\w+)/.exec(text)?.[1] ?? '', text }))
