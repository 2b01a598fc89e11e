import { hostname } from 'node:os'
import type { Config } from '../config/settings.ts'
import { SECOND } from '../core/duration.ts'
import { ADVICE } from '../operator/advice.ts'
import { type Channel, openChannel } from '../operator/channel.ts'
import { createNotebook, keyOf, noteOf } from '../operator/notebook.ts'
import { testItem } from '../operator/notice.ts'
import { createTeller } from '../operator/teller.ts'
import { createWatch } from '../operator/watch.ts'
import type { Listener } from '../telemetry/emit.ts'
import { USER_AGENT } from '../version.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { clock } from './clock-and-ids.ts'
import { createRole, type Role, type RoleDeps } from './role.ts'

type Verb =
  | 'now'
  | 'noteOperatorEvents'
  | 'claimOperatorEvents'
  | 'settleOperatorEvents'
  | 'stats'
  | 'engineStats'
  | 'deliveriesHeldAt'
  | 'lastBackup'

export interface OperatorRole extends Role {
  listen: Listener
  /** Why operators are not told any more; null: they are. */
  whyOff: () => string | null
}

const LOOK_EVERY_MS = 15 * SECOND

/** The channel that the settings name; null: they name none. */
const openChannelOf = ({ url, secret }: Config['operator']): Channel | null =>
  url && openChannel({ url, secret, userAgent: USER_AGENT, clock })

/** Tells operators at OPERATOR_URL, from now on; null: there is none, and nothing is noted. */
export const openOperator = ({
  config: { operator },
  store,
  emit,
}: RoleDeps<'operator', Verb>): OperatorRole | null => {
  const channel = openChannelOf(operator)
  if (!channel) return null
  const { language } = operator
  const teller = createTeller({ store, channel, language, source: hostname(), clock, random: Math.random, emit })
  const notebook = createNotebook({ store, clock, onDue: teller.ring, emit })
  const watch = createWatch({ store, note: notebook.note })
  const look = () => void watch.look()
  const heartbeat = startHeartbeat({ everyMs: LOOK_EVERY_MS, rings: [look], clock })
  look()
  return {
    listen: event => {
      const note = noteOf(event, store.now())
      if (note === null) return
      watch.forget(keyOf(note))
      notebook.note(note)
    },
    whyOff: teller.whyOff,
    ...createRole({
      end: () => {
        heartbeat.stop()
        return Promise.all([teller.stop(), notebook.stop()])
      },
      breakOff: channel.close,
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
