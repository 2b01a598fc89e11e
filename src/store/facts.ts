import type { RefusingChannel } from '../core/operator-channel.ts'
import type { LastBackup } from './backup.ts'

/** A small fact about the database itself: its name in the table `meta`, and the text that stands there for its value. */
export interface Fact<Value> {
  name: string
  read(text: string): Value
  textOf(value: Value): string
}

const text = (name: string): Fact<string> => ({ name, read: value => value, textOf: value => value })
const time = (name: string): Fact<number> => ({ name, read: Number, textOf: String })
const json = <Value>(name: string): Fact<Value> => ({ name, read: JSON.parse, textOf: value => JSON.stringify(value) })

/** Since when no message is claimed. */
export const DELIVERIES_HELD = time('deliveries_held')
export const BACKUPS = json<LastBackup>('backups')
/** When the next may claim events for operators. */
export const EVENTS_CLAIMABLE = time('operator_events_claimable')
export const CHANNEL_REFUSING = json<RefusingChannel>('operator_channel_refusing')
export const PROBED = time('probed')
/** Of a file: where its content has gone. */
export const MOVED_TO = text('moved_to')
