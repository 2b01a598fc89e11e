import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { Level } from '../../src/telemetry/event-fields.ts'
import { createLog } from '../../src/telemetry/log.ts'

const SERIAL = '16236437872836'
const NOW = Date.parse('2026-11-24T08:00:00.125Z')

const collect = (level: Parameters<typeof createLog>[0]['level'] = 'info') => {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line) }
  const write = createLog({ level, version: '1.2.3', destination, now: () => NOW })
  const log = (name: string, fields: Record<string, unknown> = {}, at: Level = 'info') =>
    write({ name, level: at, fields })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> }
}

describe('a log line', () => {
  test('is one JSON object with time, level, version, event and the fields', () => {
    const { log, lines, last } = collect()
    log('delivery.attempted', { attempt: 2, outcome: 'ok\n{"event":"forged"}\u2028' })
    expect(lines.join('').match(/\n/g)).toHaveLength(1)
    expect(last()).toEqual({
      time: '2026-11-24T08:00:00.125Z',
      level: 'info',
      version: '1.2.3',
      event: 'delivery.attempted',
      attempt: 2,
      outcome: 'ok\n{"event":"forged"}\u2028',
    })
  })

  test.each([
    ['trace', ['debug', 'info', 'warn', 'error']],
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['fatal', []],
    ['silent', []],
  ] as const)('with LOG_LEVEL %s is written for the levels %j', (level, written) => {
    const { log, lines } = collect(level)
    for (const name of ['debug', 'info', 'warn', 'error'] as const) log('some.thing', {}, name)
    expect(lines.map(line => JSON.parse(line).level)).toEqual(written)
  })

  test('O10: holds no secret, score, whole serial or URL, on any level and at any depth', () => {
    const { log, lines } = collect('trace')
    const canary = 'canary-value'
    const sensitive = {
      secret: new Secret(canary),
      apiKey: canary,
      signature: canary,
      livingScore: canary,
      similarity: canary,
      authorization: canary,
      body: canary,
      metadata: { order: canary },
      idcardid: SERIAL,
      callbackUrl: `https://partner.example/${canary}`,
      url: new URL(`https://user:${canary}@partner.example/${canary}`),
      error: Object.assign(new Error(canary), { params: [canary] }),
      bytes: Buffer.from(canary),
    }
    log('some.thing', { ...sensitive, inner: { list: [sensitive] } }, 'debug')
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain(canary)
    expect(lines[0]).not.toContain(SERIAL)
    expect(lines[0]).toContain('partner.example')
  })
})
