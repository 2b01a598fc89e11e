export type Level = 'debug' | 'info' | 'warn' | 'error'

/** Type of a field: `kind` for the docs, `Value` for the compiler. */
export interface Field<Value = unknown> {
  readonly kind: string
  readonly value?: Value
}

export const field = <Value>(kind: string): Field<Value> => ({ kind })
export const orNull = <Value>({ kind }: Field<Value>): Field<Value | null> => ({ kind: `${kind} or null` })

export const TEXT = field<string>('text')
export const BOOLEAN = field<boolean>('boolean')
export const NUMBER = field<number>('number')
export const DURATION_MS = field<number>('ms')
export const ISO_TIME = field<string>('time')
export const ERROR = field<unknown>('error')

/** Fields that every log line has already. */
type Reserved = 'event' | 'level' | 'time' | 'version'

export interface EventEntry {
  readonly level: Level
  readonly fields: Readonly<Record<string, Field>> & { readonly [Name in Reserved]?: never }
  /** Meaning of the event and the operator's action, for docs/events.md. */
  readonly meaning: string
}

const entryOf =
  <const Of extends Level>(level: Of) =>
  <const Fields extends EventEntry['fields']>(fields: Fields, meaning: string) => ({ level, fields, meaning })
export const debug = entryOf('debug')
export const info = entryOf('info')
export const warn = entryOf('warn')
export const error = entryOf('error')
/** Failed work, with no field but the error. */
export const failed = (meaning: string) => error({ error: ERROR }, meaning)
