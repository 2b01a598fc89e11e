import {
  type AccountPatch,
  type AccountState,
  afterNewCredentials,
  pausedByOperator,
  RUNNING,
  removedByOperator,
  resumedByOperator,
} from '../../../../src/core/account.ts'
import { changeBins, emptyBins } from '../../../../src/core/polling/completion-bins.ts'
import { chooseAccount, isInUse, judgeRemoval, viewAccount } from '../../../../src/store/account.ts'
import { ownerOfKey, revoked } from '../../../../src/store/api-key.ts'
import { afterBackup, NO_BACKUP } from '../../../../src/store/backup.ts'
import { tellHints } from '../../../../src/store/hints.ts'
import { afterPartnerChange, viewPartner } from '../../../../src/store/partner.ts'
import {
  afterSuccess,
  disabledByOperator,
  heldBecause,
  mayForgetHealth,
} from '../../../../src/store/rules/callback-health.ts'
import { afterChangingPartner, afterEndingSecrets, afterTurning } from '../../../../src/store/rules/hints.ts'
import { byEnd, mayEraseAccount, mayForgetPause } from '../../../../src/store/rules/retention.ts'
import { endedByRotation, endOfSecret, mayRotate, previousEnd } from '../../../../src/store/signing-secret.ts'
import type {
  Account,
  ApiKey,
  NewAccount,
  NewKey,
  NewSigningSecret,
  SigningSecret,
  Store,
} from '../../../../src/store/store.ts'
import { applyHealth, type Context, liftPause } from './context.ts'
import { secretsOf } from './reads.ts'
import { type AccountRow, type KeyRow, type SecretRow, urlKey } from './tables.ts'

type Verbs = Omit<
  Store,
  | keyof ReturnType<typeof import('./registrations.ts').createRegistrations>
  | keyof ReturnType<typeof import('./queues.ts').createQueues>
  | keyof ReturnType<typeof import('./reads.ts').createReads>
  | keyof ReturnType<typeof import('./stats.ts').createStats>
  | keyof ReturnType<typeof import('./operators.ts').createOperators>
  | keyof ReturnType<typeof import('./operator-events.ts').createOperatorEvents>
  | keyof ReturnType<typeof import('./searches.ts').createSearches>
  | keyof ReturnType<typeof import('./history.ts').createHistory>
  | keyof ReturnType<typeof import('./callback-notices.ts').createCallbackNotices>
  | keyof ReturnType<typeof import('./nodes.ts').createNodes>
  | 'now'
  | 'hints'
>

export const NEVER_PAUSED = {
  pausedAt: null,
  pauseReason: null,
  pauseCode: null,
  unreachableAt: null,
  unreachableError: null,
  probes: 0,
  probeAt: null,
  allowedAt: 0,
  rampAt: null,
  rampRate: null,
}
const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
const viewKey = ({ id, createdAt, lastUsedAt, expiresAt, revokedAt }: KeyRow): ApiKey => ({
  id,
  createdAt,
  lastUsedAt,
  expiresAt,
  revokedAt,
})
const viewSecret = ({ id, type, createdAt, expiresAt }: SecretRow): SigningSecret => ({
  id,
  type,
  createdAt,
  expiresAt,
})

/** Partners with their keys and secrets, accounts, what was learned, and retention. */
export const createNouns = (context: Context): Verbs => {
  const { tables, rules, now, hints, defaultRate } = context
  const { transaction } = tables
  const view = (row: AccountRow | undefined): Account | null =>
    row ? viewAccount({ ...row, apiKey: Buffer.alloc(0) }, defaultRate) : null

  const addKey = (partnerId: string, { id, hash, expiresAt = null }: NewKey): ApiKey => {
    const row = { id, partnerId, hash, expiresAt, createdAt: now(), lastUsedAt: null, revokedAt: null }
    tables.keys.add(id, row)
    return viewKey(row)
  }
  const addSecret = (partnerId: string, { id, type, text }: NewSigningSecret): SigningSecret => {
    const row = { id, partnerId, type, text, createdAt: now(), expiresAt: null }
    tables.secrets.add(id, row)
    return viewSecret(row)
  }
  const addAccount = (account: NewAccount, isDefault: boolean): AccountRow => {
    const row = { ...account, ...NEVER_PAUSED, isDefault, createdAt: now(), removedAt: null }
    tables.accounts.add(row.id, row)
    return row
  }
  const named = (idOrApiId: string) => tables.accounts.where(row => row.id === idOrApiId || row.apiId === idOrApiId)
  const patchAccount = (id: string, rule: (account: AccountState) => AccountPatch | null): Account | null => {
    const row = tables.accounts.get(id)
    if (row) tables.accounts.change(id, rule({ ...row, rate: row.rate ?? defaultRate }) ?? {})
    return view(tables.accounts.get(id))
  }

  const erase = (id: string) => {
    const row = tables.registrations.get(id)
    if (!row) return
    tables.registrations.delete(id)
    for (const { n, messageSeq } of tables.attempts.where(one => one.messageSeq === row.messageSeq))
      tables.attempts.delete(`${messageSeq} ${n}`)
    if (row.messageSeq !== null) tables.messages.delete(row.messageSeq)
    const left = tables.registrations.all()
    if (!left.some(one => one.verificationId === row.verificationId)) tables.verifications.delete(row.verificationId)
    if (!left.some(one => one.laneId === row.laneId)) tables.lanes.delete(row.laneId)
  }

  const eraseRest = (before: number) => {
    const held = new Set(tables.messages.where(one => one.state === 'pending' && one.dueAt === null).map(urlKey))
    for (const pause of tables.pauses.all())
      if (mayForgetPause({ ...pause, isHolding: held.has(urlKey(pause)) }, before)) {
        tables.pauses.delete(urlKey(pause))
        tables.health.delete(urlKey(pause))
      }
    for (const row of tables.health.all()) if (mayForgetHealth(row, before)) tables.health.delete(urlKey(row))
    for (const { id, expiresAt } of tables.secrets.all())
      if (expiresAt !== null && expiresAt < before) tables.secrets.delete(id)
    for (const { id, done, createdAt } of tables.resends.all())
      if (done && createdAt < before) tables.resends.delete(id)
    const isWaitedFor = new Set(tables.verifications.where(one => one.dueAt !== null).map(one => one.accountId))
    for (const { id, removedAt } of tables.accounts.all())
      if (removedAt !== null && mayEraseAccount({ removedAt, isWaitedFor: isWaitedFor.has(id) }, now()))
        tables.accounts.delete(id)
  }

  return {
    createPartner: async ({ id, name, key, secret }) =>
      transaction(() => {
        const quotas = { maxPending: null, maxHosts: null, maxDaily: null }
        const row = { id, name, disabled: false, payload: 'full' as const, ...quotas, createdAt: now(), events: 0 }
        tables.partners.add(id, row)
        addKey(id, key)
        addSecret(id, { ...secret, type: 'v1' })
        return viewPartner(row)
      }),
    findPartner: async id => {
      const row = tables.partners.get(id)
      return row ? viewPartner(row) : null
    },
    listPartners: async ({ limit, after }) =>
      tables.partners
        .where(({ id }) => after === null || id > after)
        .sort(byId)
        .slice(0, limit)
        .map(viewPartner),
    changePartner: async (id, change) => {
      const row = tables.partners.get(id)
      if (!row) return null
      const after = { ...row, ...afterPartnerChange(row, change) }
      transaction(() => tables.partners.set(id, after))
      tellHints(hints, afterChangingPartner(viewPartner(after), change))
      return viewPartner(after)
    },

    createKey: async (partnerId, key) =>
      tables.partners.get(partnerId) ? transaction(() => addKey(partnerId, key)) : null,
    listKeys: async partnerId =>
      tables.partners.get(partnerId)
        ? tables.keys
            .where(row => row.partnerId === partnerId)
            .sort(byId)
            .map(viewKey)
        : null,
    revokeKey: async id => {
      const row = tables.keys.get(id)
      if (!row) return null
      const after = revoked(viewKey(row), now())
      transaction(() => tables.keys.change(id, { revokedAt: after.revokedAt }))
      return after
    },
    findKey: async id => {
      const row = tables.keys.get(id)
      const partner = row && tables.partners.get(row.partnerId)
      return row && partner ? ownerOfKey({ ...row, disabled: partner.disabled }, now()) : null
    },
    touchKeys: async ids =>
      transaction(() => {
        for (const id of ids) tables.keys.change(id, { lastUsedAt: now() })
      }),
    liveSecrets: async partnerId => secretsOf(context, partnerId).map(({ text }) => text),
    listSigningSecrets: async partnerId => secretsOf(context, partnerId).map(viewSecret),
    rotateSigningSecret: async (partnerId, added, overlapMs) => {
      const live = secretsOf(context, partnerId)
      if (!mayRotate(live, overlapMs)) return null
      const expiresAt = now() + overlapMs
      const rotated = transaction(() => {
        for (const { id } of endedByRotation(live, expiresAt)) tables.secrets.change(id, { expiresAt })
        return { ...addSecret(partnerId, added), previousExpiresAt: previousEnd(live, expiresAt) }
      })
      tellHints(hints, afterEndingSecrets(partnerId, overlapMs === 0 ? live.length : 0))
      return rotated
    },
    endSigningSecret: async (partnerId, id) => {
      const row = tables.secrets.get(id)
      if (row?.partnerId !== partnerId) return null
      const live = secretsOf(context, partnerId)
      const outcome = endOfSecret(live, live, id)
      if (outcome !== 'ended') return outcome
      const ended = endedByRotation([row], now())
      transaction(() => {
        for (const one of ended) tables.secrets.change(one.id, { expiresAt: now() })
      })
      tellHints(hints, afterEndingSecrets(partnerId, ended.length))
      return 'ended'
    },

    putDefaultAccount: async ({ id, apiId, apiKey, passwordMode }) =>
      transaction(() => {
        for (const row of tables.accounts.where(({ isDefault }) => isDefault))
          tables.accounts.change(row.id, { isDefault: false })
        const [known] = tables.accounts.where(row => row.apiId === apiId)
        const row = known ?? addAccount({ id, apiId, apiKey, passwordMode, rate: null, partnerId: null }, true)
        const isSame = row.passwordMode === passwordMode && row.apiKey.reveal() === apiKey.reveal()
        const corrected = isSame ? null : afterNewCredentials({ ...row, rate: row.rate ?? context.defaultRate }, now())
        tables.accounts.change(row.id, { apiKey, passwordMode, isDefault: true, removedAt: null, ...corrected })
        return view(tables.accounts.get(row.id)) as Account
      }),
    createAccount: async ({ id, ...account }) => {
      const [known] = tables.accounts.where(row => row.apiId === account.apiId)
      if (known ? known.removedAt === null : tables.accounts.get(id)) return null
      return transaction(() => {
        if (!known) return view(addAccount({ id, ...account }, false))
        tables.accounts.change(known.id, { ...account, ...RUNNING, removedAt: null, createdAt: now() })
        return view(tables.accounts.get(known.id))
      })
    },
    findAccount: async idOrApiId => view(named(idOrApiId).find(isInUse)),
    accountFor: async (partnerId, idOrApiId) => {
      const meant =
        idOrApiId === null
          ? tables.accounts.where(row => row.isDefault || row.partnerId === partnerId)
          : named(idOrApiId)
      return view(chooseAccount(meant, partnerId) ?? undefined)
    },
    listAccounts: async ({ limit, after }) =>
      tables.accounts
        .where(row => isInUse(row) && row.id > (after ?? ''))
        .sort(byId)
        .slice(0, limit)
        .map(row => view(row) as Account),
    pauseAccount: async id => transaction(() => patchAccount(id, () => pausedByOperator(now()))),
    resumeAccount: async id => {
      const resumed = transaction(() => patchAccount(id, account => resumedByOperator(account, now())))
      if (resumed) hints.emit('verificationsDue')
      return resumed
    },
    removeAccount: async id => {
      const row = tables.accounts.get(id)
      if (!row || !isInUse(row)) return null
      const outcome = judgeRemoval(row, tables.partners.get(row.partnerId ?? ''))
      if (outcome !== 'removed') return outcome
      const after = removedByOperator({ ...row, rate: row.rate ?? defaultRate }, now())
      transaction(() => tables.accounts.change(id, { removedAt: now(), ...after }))
      return outcome
    },

    changeCompletions: async (accountId, change) =>
      transaction(() =>
        tables.completions.set(accountId, changeBins(tables.completions.get(accountId) ?? emptyBins(), change)),
      ),
    completionsOf: async accountId => tables.completions.get(accountId) ?? emptyBins(),

    prune: async (before, limit) =>
      transaction(() => {
        const messageOf = (seq: number | null) => (seq === null ? undefined : tables.messages.get(seq))
        const ended = tables.registrations
          .where(row => rules.mayErase({ ...row, message: messageOf(row.messageSeq) ?? null }, before))
          .sort(byEnd)
          .slice(0, limit)
        for (const { id } of ended) erase(id)
        if (ended.length < limit) eraseRest(before)
        return ended.length
      }),
    reseal: async () => ({ moved: 0, unreadable: [], next: null }),
    enableCallback: async (callback, end) => {
      const lifted = transaction(() => {
        const lifted = liftPause(context, callback, end, now())
        const health = tables.health.get(urlKey(callback)) ?? null
        const isPaused = tables.pauses.get(urlKey(callback)) !== undefined
        return {
          isReleased: lifted !== null,
          turns: lifted ?? (isPaused ? [] : applyHealth(context, callback, afterSuccess(health))),
        }
      })
      tellHints(hints, afterTurning(lifted.turns))
      if (lifted.isReleased) hints.emit('messagesDue')
      return lifted.isReleased
    },
    disableCallback: async callback =>
      transaction(() => {
        const known = tables.health.get(urlKey(callback)) ?? null
        if (heldBecause(known) === 'operator') return false
        if (!tables.pauses.get(urlKey(callback))) tables.pauses.add(urlKey(callback), { ...callback, since: now() })
        applyHealth(context, callback, disabledByOperator(now()))
        return true
      }),
    holdDeliveries: async () =>
      transaction(() => {
        if (!tables.hold.get('')) tables.hold.add('', { since: now() })
      }),
    resumeDeliveries: async () => {
      transaction(() => tables.hold.delete(''))
      hints.emit('messagesDue')
    },
    deliveriesHeldAt: async () => tables.hold.get('')?.since ?? null,
    lastBackup: async () => tables.backups.get('') ?? NO_BACKUP,
    recordBackup: async record =>
      transaction(() => tables.backups.set('', afterBackup(tables.backups.get('') ?? NO_BACKUP, record))),
    probe: async () => {},
    close: async () => {},
  }
}
