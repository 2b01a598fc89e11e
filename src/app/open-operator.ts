import { hostname } from 'node:os'
import type { Config } from '../config/settings.ts'
import { SECOND } from '../core/duration.ts'
import { type OperatorEvent, operatorEventType } from '../core/operator-event.ts'
import { type Channel, openChannel } from '../operator/channel.ts'
import { createEventBuffer } from '../operator/event-buffer.ts'
import { notesOfEvent } from '../operator/notes.ts'
import { noticeItem, testItem } from '../operator/notice.ts'
import { createNotifier } from '../operator/notifier.ts'
import { createWatch } from '../operator/watch.ts'
import type { TelemetryEvent } from '../telemetry/emit.ts'
import { USER_AGENT } from '../version.ts'
import { startHeartbeat } from '../worker/timers.ts'
import { clock } from './clock-and-ids.ts'
import { createRole, type RoleDeps } from './role.ts'

const CHECK_EVERY_MS = 15 * SECOND

/** Events that change the result of a check, so a check follows at once. */
const RINGS = new Set<string>(['account.paused', 'account.resumed', 'upstream.unreachable', 'upstream.back'])

/** Opens the channel that the settings name. Returns null if they name none. */
const openChannelOf = ({ url, secret }: Config['operator']): Channel | null =>
  url && openChannel({ url, secret, userAgent: USER_AGENT, clock })

/** Notifies operators over the channel of the events that are noted. */
const openTelling = (channel: Channel, { config: { operator }, store, emit }: RoleDeps) => {
  const { language } = operator
  const source = hostname()
  const notifier = createNotifier({ store, channel, language, source, clock, random: Math.random, emit })
  const buffer = createEventBuffer({ store, clock, emit })
  return {
    note: buffer.note,
    tellNow: async (event: OperatorEvent): Promise<boolean> => {
      const id = `op_${event.condition}_${event.since}_${event.state}`
      const items = [noticeItem(event, language, event.at)]
      const answer = await channel.post({ id, at: event.at, language, source, items })
      const isTold = answer.kind === 'told'
      emit('operator_event.ended', { type: operatorEventType(event), outcome: isTold ? 'sent' : 'failed' })
      return isTold
    },
    end: () => Promise.all([notifier.stop(), buffer.stop()]),
    breakOff: channel.close,
  }
}

/** Without OPERATOR_URL. */
const NOT_TOLD = { note: () => {}, tellNow: async () => true, end: async () => {}, breakOff: () => {} }

/**
 * Checks from now on for conditions that operators have to know. They are logged and, if OPERATOR_URL is set, sent
 * there.
 */
export const openOperator = (deps: RoleDeps) => {
  const { config, store, emit } = deps
  // Clears the finding of an earlier process. If this fails, other events report the database.
  void store.recordOperatorChannel(null).catch(() => {})
  const channel = openChannelOf(config.operator)
  const { note, tellNow, end, breakOff } = channel ? openTelling(channel, deps) : NOT_TOLD
  const watch = createWatch({ store, note, tellNow, emit })
  const check = () => void watch.check()
  const heartbeat = startHeartbeat({ everyMs: CHECK_EVERY_MS, ring: check, clock })
  check()
  return {
    listen: (event: TelemetryEvent): void => {
      if (RINGS.has(event.name)) check()
      for (const noted of notesOfEvent(event, store.now())) note(noted)
    },
    ...createRole({
      end: () => {
        heartbeat.stop()
        return end()
      },
      breakOff,
    }),
  }
}

/** Sends a test to OPERATOR_URL. Returns the answer and the kind of channel, or null if OPERATOR_URL is not set. */
export const tellTest = async (operator: Config['operator']) => {
  const channel = openChannelOf(operator)
  if (!channel) return null
  try {
    const { language } = operator
    const [at, source] = [clock.now(), hostname()]
    const items = [testItem(language, source, at)]
    const answer = await channel.post({ id: `op_test_${at}`, at, language, source, items })
    return { channel: channel.name, answer }
  } finally {
    channel.close()
  }
}
