import { EVERY_REGISTRATION, type StoreFixture } from '../../support/store.ts'

/** All that a partner reads, and its accounts. */
export const readAll = async ({ store, partnerId, account }: StoreFixture) => {
  const { found: registrations } = await store.listRegistrations(partnerId, EVERY_REGISTRATION)
  return {
    registrations,
    explanations: await Promise.all(registrations.map(({ id }) => store.explain(partnerId, id))),
    attempts: await Promise.all(registrations.map(({ id }) => store.listAttempts(partnerId, id))),
    events: await store.listEvents(partnerId, { after: null, limit: 100 }),
    partner: await store.findPartner(partnerId),
    keys: await store.listKeys(partnerId),
    accounts: await store.listAccounts({ limit: 100, after: null }),
    account: await store.findAccount(account.id),
  }
}
