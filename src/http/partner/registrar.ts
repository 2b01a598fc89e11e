import { SECOND } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { Account, NewRegistration, Registered, Registration, Store } from '../../store/store.ts'
import type { EnumerationGuard } from '../middleware/enumeration-guard.ts'
import { createTtlCache } from '../middleware/ttl-cache.ts'
import type { RegistrationBody } from './registration-body.ts'

export interface RegistrarDeps {
  store: Pick<Store, 'accountFor'>
  enumerationGuard: Pick<EnumerationGuard, 'recordSerial'>
  registrationTtlMs: number
  newId: (prefix: string) => string
  now: () => number
}

/** What stands between a checked body and the store, for one registration and for a batch alike. */
export const createRegistrar = (deps: RegistrarDeps) => {
  const findAccount = createAccountFinder(deps)

  return {
    /** Throws `AppError('invalid_body')` for an account that the partner cannot use. */
    toItem: async (partnerId: string, body: RegistrationBody): Promise<NewRegistration> => ({
      id: deps.newId('reg'),
      partnerId,
      accountId: (await findAccount(partnerId, body.account)).id,
      idcardid: body.idcardid,
      callbackUrl: body.callbackUrl,
      metadata: body.metadata ?? {},
      expiresAt: body.expiresAt ?? null,
      ttlMs: deps.registrationTtlMs,
    }),

    /** Throws `AppError` where the store did not take it. */
    toAnswer: (item: NewRegistration, registered: Registered): { status: 201 | 200; registration: Registration } => {
      if (registered.outcome === 'over_quota') throw overQuota(registered)
      if (registered.outcome !== 'existing') {
        const isForeign = registered.outcome === 'taken'
        deps.enumerationGuard.recordSerial(item.partnerId, { idcardid: item.idcardid, isForeign })
      }
      if (registered.outcome === 'taken')
        throw new AppError('conflict', 'This serial is registered by another partner.')
      const { outcome, registration } = registered
      return { status: outcome === 'created' ? 201 : 200, registration }
    },
  }
}

const ACCOUNT_ID = /^[\x21-\x7e]{1,128}$/

/** Accounts are few and keep their ids, so a burst of registrations need not ask for them each time. */
const createAccountFinder = ({ store, now }: Pick<RegistrarDeps, 'store' | 'now'>) => {
  // No id has a space, so the key falls apart into what it was made of.
  const load = (key: string): Promise<Account | null> => {
    const [partnerId = '', name = ''] = key.split(' ')
    return store.accountFor(partnerId, name === '' ? null : name)
  }
  const find = createTtlCache({ ttlMs: 1 * SECOND, size: 10_000, now, load })

  return async (partnerId: string, name: string | undefined): Promise<Account> => {
    // The id as it is, which most ask for, need not be hashed again.
    const key = name === undefined ? partnerId : `${partnerId} ${name}`
    const account = name === undefined || ACCOUNT_ID.test(name) ? await find(key) : null
    if (account) return account
    if (name === undefined) throw new AppError('unavailable', 'The service has no upstream account yet.')
    const message = 'must be the id or the APIID of an account of this service; leave it out for the default one'
    throw new AppError('invalid_body', 'One field of the body is invalid.', {
      errors: [{ path: 'account', message }],
    })
  }
}

const QUOTA_RETRY_MS = 60 * SECOND
const QUOTAS = {
  pending: 'registrations that wait for a verdict',
  daily: 'new registrations in 24 hours',
  hosts: 'different callback hosts',
}

/** Waiting helps against two of the quotas; another host will never be allowed by it. */
const overQuota = ({ quota, limit }: Extract<Registered, { outcome: 'over_quota' }>): AppError => {
  const detail = `Your limit of ${limit} ${QUOTAS[quota]} is reached.`
  return quota === 'hosts'
    ? new AppError('forbidden', detail)
    : new AppError('too_many_requests', detail, { retryAfterMs: QUOTA_RETRY_MS })
}
