import { expect, test } from 'vitest'
import { createEmit, type TelemetryEvent } from '../../src/telemetry/emit.ts'
import { EVENTS } from '../../src/telemetry/events.ts'
import { createLog } from '../../src/telemetry/log.ts'

const collect = () => {
  const events: TelemetryEvent[] = []
  return { events, listener: (event: TelemetryEvent) => void events.push(event) }
}

test('a listener that throws disturbs nobody, and the others are told so once', () => {
  const { events, listener } = collect()
  const error = new Error('no room')
  const broken = () => {
    throw error
  }
  const emit = createEmit([broken, listener])
  emit('service.stopped')
  emit('service.stopped')
  expect(events.map(({ name }) => name)).toEqual(['telemetry.failed', 'service.stopped', 'service.stopped'])
  expect(events[0]?.fields).toEqual({ error })
  expect(() => createEmit([broken, broken])('service.stopped')).not.toThrow()
})

test('no field of any event is one that the log redacts, or one that every line has', () => {
  for (const [name, { fields }] of Object.entries(EVENTS)) {
    const lines: string[] = []
    const log = createLog({ level: 'trace', destination: { write: line => lines.push(line) }, now: () => 0 })
    const values = Object.fromEntries(Object.keys(fields).map(field => [field, 'https://value.example/']))
    log({ name, level: 'info', fields: values })
    expect(JSON.parse(lines.join(''))).toEqual({
      level: 'info',
      time: '1970-01-01T00:00:00.000Z',
      event: name,
      ...values,
    })
  }
})
