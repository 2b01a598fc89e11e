import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { ROOT, readAlerts, textOf, unknownMetrics } from './files.ts'

const HAS_PROMTOOL = spawnSync('promtool', ['--version']).status === 0
const NO_PROMTOOL = 'there is no promtool here (Debian: prometheus)'

const promtool = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: `${ROOT}/deploy/prometheus`,
    encoding: 'utf8',
  })
  return { status, told: stdout + stderr }
}

describe('the shipped rules of Prometheus', () => {
  const rules = textOf('deploy/prometheus/alerts.yml')
  const alerts = readAlerts()

  test('name metrics that there are', () => {
    expect(unknownMetrics(rules)).toEqual([])
    expect(unknownMetrics('idface_no_such_metric')).toEqual(['idface_no_such_metric'])
  })

  test('use what they record, and record what they use', () => {
    const recorded = [...rules.matchAll(/- record: (\S+)/g)].map(([, name = '']) => name)
    const used = new Set(rules.replaceAll(/- record: .*/g, '').match(/\bidface:[\w:]+/g))
    expect([...used].toSorted()).toEqual(recorded.toSorted())
  })

  test.each(alerts)('say of $name what it is, and where to read what to do', ({ name, text }) => {
    expect(text).toMatch(/^ +labels: \{ severity: (critical|warning) \}$/m)
    expect(text).toMatch(/^ +summary: ".{10,}"$/m)
    expect(text).toMatch(/^ +description: ".{40,}"$/m)
    expect(text).toContain(`runbook: docs/operations.md#${name.toLowerCase()}\n`)
    expect(textOf('docs/operations.md')).toMatch(
      new RegExp(`^\\| <a id="${name.toLowerCase()}"></a>\`${name}\`( \\| .+){3} \\|$`, 'm'),
    )
  })

  test('are all tried: firing, quiet, and without data', () => {
    const tried = textOf('deploy/prometheus/alerts.test.yml')
    for (const { name } of alerts) {
      const phases = tried.matchAll(new RegExp(`# (.+)\\n +expr: count\\(ALERTS\\{alertname="${name}"`, 'g'))
      expect([name, ...[...phases].map(([, phase]) => phase)]).toEqual([name, 'quiet', 'firing', 'no data'])
    }
  })

  test('pass the checks of promtool', ({ skip }) => {
    skip(!HAS_PROMTOOL, NO_PROMTOOL)
    expect(promtool('check', 'rules', 'alerts.yml')).toMatchObject({ status: 0 })
    expect(promtool('check', 'config', 'prometheus.yml')).toMatchObject({ status: 0 })
  })

  test('fire when they should', ({ skip }) => {
    skip(!HAS_PROMTOOL, NO_PROMTOOL)
    expect(promtool('test', 'rules', 'alerts.test.yml')).toMatchObject({ status: 0 })
  }, 60_000)
})
