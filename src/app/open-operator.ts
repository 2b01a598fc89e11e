import { hostname } from 'node:os'
import type { Config } from '../config/settings.ts'
import { SECOND } from '../core/duration.ts'
import { ADVICE } from '../operator/advice.ts'
import { noteOfTurn } from '../operator/callback-notes.ts'
import { type Channel, openChannel } from '../operator/channel.ts'
import { createNotebook, keyOf, noteOf } from '../operator/notebook.ts'
import { testItem } from '../operator/notice.ts'
import { createTeller } from '../operator/teller.ts'
import { createWatch } from '../operator/watch.ts'
import { createWriteAlarm } from '../operator/write-alarm.ts'
import type { Listener } from '../telemetry/emit.ts'
import { USER_AGENT } from '../version.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { clock } from './clock-and-ids.ts'
import { createRole, type Role, type RoleDeps } from './role.ts'

type Verb =
  | 'now'
  | 'findPartner'
  | 'noteOperatorEvents'
  | 'claimOperatorEvents'
  | 'settleOperatorEvents'
  | 'recordOperatorChannel'
  | 'stats'
  | 'endedCallbackEvents'
  | 'firingNodeEvents'
  | 'hints'
  | 'probe'

export interface OperatorRole extends Role {
  listen: Listener
  /** Why operators are told next to nothing, null: they are told all; null: nobody has said where to tell them. */
  whyOff: (() => string | null) | null
}

const LOOK_EVERY_MS = 15 * SECOND

/** The channel that the settings name; null: they name none. */
const openChannelOf = ({ url, secret }: Config['operator']): Channel | null =>
  url && openChannel({ url, secret, userAgent: USER_AGENT, clock })

/** What is noted is told there. */
const openTelling = (
  channel: Channel,
  { config: { operator }, store, emit }: RoleDeps<'operator' | 'storage', Verb>,
) => {
  const told = { channel, language: operator.language, source: hostname(), emit }
  const teller = createTeller({ ...told, store, clock, random: Math.random })
  const notebook = createNotebook({ store, clock, onDue: teller.ring, emit })
  return {
    note: notebook.note,
    tellUnwritable: createWriteAlarm({ ...told, now: store.now, random: Math.random }),
    whyOff: teller.whyOff,
    end: () => Promise.all([teller.stop(), notebook.stop()]),
    breakOff: channel.close,
  }
}

/** Where OPERATOR_URL is not set. */
const NOT_TOLD = {
  ...{ note: () => {}, tellUnwritable: async () => {}, whyOff: null },
  ...{ end: async () => {}, breakOff: () => {} },
}

/** Looks for what operators have to know, from now on: it is in the log, and told at OPERATOR_URL where that is set. */
export const openOperator = (deps: RoleDeps<'operator' | 'polling' | 'storage', Verb>): OperatorRole => {
  const { config, store, emit } = deps
  // What an earlier process has found of it; if this fails, others tell of the database.
  void store.recordOperatorChannel(null).catch(() => {})
  const channel = openChannelOf(config.operator)
  const { note, tellUnwritable, whyOff, end, breakOff } = channel ? openTelling(channel, deps) : NOT_TOLD
  const watch = createWatch({ store, note, tellUnwritable, emit, pollMaxMs: config.polling.maxMs })
  const look = () => void watch.look()
  const heartbeat = startHeartbeat({ everyMs: LOOK_EVERY_MS, rings: [look], clock })
  look()
  // A host may have very many URLs, which work again one after the other: one look a second is for all of them.
  let haveTurned = false
  const lookAtTurned = () => {
    if (haveTurned) void watch.lookAtCallbacks()
    haveTurned = false
  }
  const quickHeartbeat = startHeartbeat({ everyMs: SECOND, rings: [lookAtTurned], clock })
  const { retentionMs } = config.storage
  store.hints.on('callbacksTurned', turns => {
    for (const turned of turns) {
      const noted = noteOfTurn(turned, { at: store.now(), retentionMs })
      if (noted !== null) note(noted)
    }
    haveTurned ||= turns.some(({ turn }) => turn !== 'failing')
  })
  return {
    listen: event => {
      const noted = noteOf(event, store.now())
      if (noted === null) return
      watch.forget(keyOf(noted))
      note(noted)
    },
    whyOff,
    ...createRole({
      end: () => {
        heartbeat.stop()
        quickHeartbeat.stop()
        return end()
      },
      breakOff,
    }),
  }
}

/** Sends a test to OPERATOR_URL; what came of it, and at which kind of channel. Null: there is no OPERATOR_URL. */
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

/** What to do about each answer but `told`. */
export const ADVICE_FOR = ADVICE
