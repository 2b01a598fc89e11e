import { EVENTS, type Field, type Level } from './events.ts'

export type EventName = keyof typeof EVENTS

type ValueOf<OfField> = OfField extends Field<infer Value> ? Value : never
type EventFields = {
  readonly [Name in EventName]: {
    readonly [Key in keyof (typeof EVENTS)[Name]['fields']]: ValueOf<(typeof EVENTS)[Name]['fields'][Key]>
  }
}

/**
 * Tells the listeners of an event; it never throws. Ask for the events you emit: `Emit<'poll.answered' | 'poll.failed'>`;
 * a fake is then a function of a name and its fields.
 */
export type Emit<Of extends EventName = EventName> = (
  ...event: {
    [Name in Of]: keyof EventFields[Name] extends never ? [name: Name] : [name: Name, fields: EventFields[Name]]
  }[Of]
) => void

/** What a listener is given; `fields` are those of the table for `name`. */
export interface TelemetryEvent<Name extends EventName = EventName> {
  name: Name
  level: Level
  fields: EventFields[Name]
}

/** Called within the work it is told of, so it must be cheap, must keep a bounded amount, and should not throw. */
export type Listener = (event: TelemetryEvent) => void

/** A listener that throws is told of once, to the others, and disturbs neither them nor whoever emitted. */
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
