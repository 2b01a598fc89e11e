import type { Field, Level } from './event-fields.ts'
import { EVENTS } from './events.ts'

export type EventName = keyof typeof EVENTS

type ValueOf<OfField> = OfField extends Field<infer Value> ? Value : never
export type EventFields = {
  readonly [Name in EventName]: {
    readonly [Key in keyof (typeof EVENTS)[Name]['fields']]: ValueOf<(typeof EVENTS)[Name]['fields'][Key]>
  }
}

/**
 * Passes an event to all listeners. Never throws. Declare only the events that you emit, `Emit<'poll.answered' |
 * 'poll.failed'>`: a fake is then a function of a name and its fields.
 */
export type Emit<Of extends EventName = EventName> = (
  ...event: {
    [Name in Of]: keyof EventFields[Name] extends never ? [name: Name] : [name: Name, fields: EventFields[Name]]
  }[Of]
) => void

/** An event as listeners receive it. `name` determines `fields`. */
export type TelemetryEvent = {
  [Name in EventName]: { name: Name; level: Level; fields: EventFields[Name] }
}[EventName]

/** Runs within the work that emits, so it must be cheap, keep a bounded amount, and not throw. */
export type Listener = (event: TelemetryEvent) => void

/**
 * A listener that throws disturbs neither the caller nor the other listeners. Its error is emitted once as
 * `telemetry.failed`.
 */
export const createEmit = (listeners: readonly Listener[]): Emit => {
  const failed = new Set<Listener>()
  const emit: Emit = (...[name, fields]) => {
    const event = { name, level: EVENTS[name].level, fields: fields ?? {} } as TelemetryEvent
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        if (failed.has(listener)) continue
        failed.add(listener)
        emit('telemetry.failed', { error })
      }
    }
  }
  return emit
}
