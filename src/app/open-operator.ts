import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Sender } from '../callback/sender.ts'
import type { Config } from '../config/settings.ts'
import { type Alert, alertType } from '../core/alert.ts'
import { SECOND } from '../core/duration.ts'
import { type Channel, openChannel } from '../operator/channel.ts'
import { createDaily } from '../operator/daily.ts'
import { createEventBuffer } from '../operator/event-buffer.ts'
import { noticeItem, testItem } from '../operator/notice.ts'
import { createNotifier } from '../operator/notifier.ts'
import { observationsOf } from '../operator/observations.ts'
import { createWatch } from '../operator/watch.ts'
import type { TelemetryEvent } from '../telemetry/emit.ts'
import { USER_AGENT } from '../version.ts'
import { startHeartbeat } from '../worker/timers.ts'
import { clock } from './clock-and-ids.ts'
import { createRole, type RoleDeps } from './role.ts'

const CHECK_EVERY_MS = 15 * SECOND

/** Events that change the result of a check, so a check follows at once. */
const CHECK_AT_ONCE = new Set<string>(['account.paused', 'account.resumed', 'upstream.unreachable', 'upstream.back'])

/** Opens the channel that the settings name. Returns null if they name none. */
const openChannelOf = ({ url, secret }: Config['operator']): Channel | null =>
  url && openChannel({ url, secret, userAgent: USER_AGENT, clock })

type OperatorDeps = RoleDeps & Pick<Sender, 'certificateEnds'>

/** Notifies operators over the channel of the events that are noted. */
const openNotifying = (
  channel: Channel,
  { config: { operator, node }, store, emit, certificateEnds }: OperatorDeps,
) => {
  const { language } = operator
  const source = hostname()
  const notifier = createNotifier({ store, channel, audience: operator, source, clock, random: Math.random, emit })
  const buffer = createEventBuffer({ store, clock, emit })
  // A node that sends nothing knows no certificates.
  const time = node.roles.includes('deliver') ? operator.daily : null
  const daily =
    time === null
      ? null
      : createDaily({ store, channel, audience: operator, daily: time, source, certificateEnds, emit })
  return {
    check: () => void daily?.check(),
    note: buffer.note,
    notifyNow: async (event: Alert): Promise<boolean> => {
      const id = `op_${event.condition}_${event.since}_${event.state}`
      const items = [noticeItem(event, operator, event.at)]
      const answer = await channel.post({ id, at: event.at, language, source, items })
      const isDelivered = answer.kind === 'told'
      emit('operator_event.ended', { type: alertType(event), outcome: isDelivered ? 'sent' : 'failed' })
      return isDelivered
    },
    end: () => Promise.all([notifier.stop(), buffer.stop(), daily?.stop()]),
    breakOff: channel.close,
  }
}

/** Without OPERATOR_URL. */
const NO_NOTICES = {
  check: () => {},
  note: () => {},
  notifyNow: async () => true,
  end: async () => {},
  breakOff: () => {},
}

/**
 * Checks from now on for conditions that operators have to know. They are logged and, if OPERATOR_URL is set, sent
 * there.
 */
export const openOperator = (deps: OperatorDeps) => {
  const { config, store, emit } = deps
  // Clears the finding of an earlier process. If this fails, other events report the database.
  void store.recordOperatorChannel(null).catch(() => {})
  const channel = openChannelOf(config.operator)
  const { check: checkDaily, note, notifyNow, end, breakOff } = channel ? openNotifying(channel, deps) : NO_NOTICES
  const { database } = config.storage
  const place =
    database.kind === 'sqlite' ? { file: resolve(database.path) } : { node: `${hostname()}:${config.server.port}` }
  const watch = createWatch({ store, note, notifyNow, emit, consoleUrl: config.operator.consoleUrl, place })
  const check = () => void watch.check()
  const wakeUp = () => {
    check()
    checkDaily()
  }
  const heartbeat = startHeartbeat({ everyMs: CHECK_EVERY_MS, wakeUp, clock })
  wakeUp()
  return {
    listen: (event: TelemetryEvent): void => {
      if (CHECK_AT_ONCE.has(event.name)) check()
      for (const noted of observationsOf(event, store.now())) note(noted)
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
export const sendTestNotice = async (operator: Config['operator']) => {
  const channel = openChannelOf(operator)
  if (!channel) return null
  try {
    const { language } = operator
    const [at, source] = [clock.now(), hostname()]
    const items = [testItem(operator, source, at)]
    const answer = await channel.post({ id: `op_test_${at}`, at, language, source, items })
    return { channel: channel.name, answer }
  } finally {
    channel.close()
  }
}
