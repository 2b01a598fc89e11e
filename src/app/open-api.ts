import { createUrlJudge } from '../callback/guard.ts'
import type { Sender } from '../callback/sender.ts'
import { createEventSigner } from '../callback/signing.ts'
import { createTestCallback } from '../callback/test-callback.ts'
import { callbackPolicy } from '../core/callback-url.ts'
import { createCoalescer } from '../core/coalescer.ts'
import { createApi } from '../http/api.ts'
import type { EnumerationGuard } from '../http/middleware/enumeration-guard.ts'
import { createContacts } from '../operator/contacts.ts'
import { createIds, random } from './clock-and-ids.ts'
import { openServer, probesOf, type Serving } from './open-server.ts'
import type { RoleDeps } from './role.ts'

/** Registrations per group: small, so that one group is written while the next is read. */
const REGISTER_GROUP = 32
/**
 * Registrations per group that waited for other groups: where each takes seconds, a caller must not wait for many of
 * them.
 */
const REGISTER_GATHERED = 500
/** Maximum groups at a time: the pool has a few more connections, for reads. */
const REGISTER_GROUPS = 3

/** Serves partners and operators from now on. Stopping ends their long polls. */
export const openApi = (serving: RoleDeps & Serving & { sender: Sender; enumerationGuard: EnumerationGuard }) => {
  const { config, store, sender, enumerationGuard, stopping, emit } = serving
  // The clock of decisions, which may be the database's: this node's may be wrong.
  const { now } = store
  const newId = createIds(now)
  const judge = createUrlJudge({ ...callbackPolicy(config.callback), isNew: true })
  const register = createCoalescer(store.register, {
    batch: REGISTER_GROUP,
    batches: REGISTER_GROUPS,
    gathered: REGISTER_GATHERED,
  })
  const api = createApi({
    ...probesOf(serving),
    config,
    store,
    register,
    signEvents: createEventSigner(store),
    judgeUrl: text => {
      const verdict = judge(text)
      if (verdict.ok) return { ok: true, value: verdict.url.href }
      emit('callback.refused', { refusal: verdict.refusal })
      return { ok: false, message: verdict.message }
    },
    enumerationGuard,
    testCallback: createTestCallback({ store, sender, newId }),
    testContact: createContacts({ store, sender, emit }).test,
    newId,
    random,
    now,
  })
  return openServer(api.fetch, { server: config.server, stopping })
}
