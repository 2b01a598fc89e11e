import {
  type AccountPatch,
  type AccountState,
  afterNewCredentials,
  pausedByOperator,
  RUNNING,
  removedByOperator,
  resumedByOperator,
} from '../../core/account.ts'
import { type BinRow, binsOfRows, changeBins, rowsOfBins } from '../../core/polling/completion-bins.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { type AccountRow, accountOfRow, chooseAccount, createAccountKeys, judgeRemoval, stateOf } from '../account.ts'
import type { Account, ClaimedAccount, Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'
import { and, asc, eq, gt, isNotNull, isNull, ne, or } from './drizzle.ts'
import { accounts, partners } from './schema.ts'

export const createAccounts = (context: Context) => {
  const { sealed, write, read, tell, defaultRate } = context
  const rows = createAccountRows(context)
  const view = (row: AccountRow | null | undefined): Account | null => (row ? accountOfRow(row, defaultRate) : null)

  return {
    putDefaultAccount: ({ id, apiId, apiKey, passwordMode }) =>
      write(async tx => {
        const { db, at } = tx
        // Nodes that start at once name the same account.
        await tx.lock(['default account'])
        const credentials = { apiKey: sealed.accountKey.seal({ apiId }, apiKey), passwordMode, isDefault: true }
        // The one before it too, in the order in which all lock accounts.
        const isMeant = or(accounts.isDefault, eq(accounts.apiId, apiId))
        const locked = await db.select().from(accounts).where(isMeant).orderBy(asc(accounts.id)).for('no key update')
        const known = locked.find(one => one.apiId === apiId)
        const isSame = known !== undefined && rows.hasCredentials(known, { apiKey, passwordMode })
        await db.update(accounts).set({ isDefault: false }).where(eq(accounts.isDefault, true))
        const [row] = await db
          .insert(accounts)
          .values({ id, apiId, ...credentials, createdAt: at })
          .onConflictDoUpdate({ target: accounts.apiId, set: { ...credentials, removedAt: null } })
          .returning()
        const put = row as AccountRow
        const corrected = known && !isSame ? await rows.patch(tx, put.id, one => afterNewCredentials(one, at)) : put
        return accountOfRow(corrected ?? put, defaultRate)
      }),

    createAccount: ({ apiKey, ...account }) =>
      write(async ({ db, at }) => {
        const values = { ...account, apiKey: sealed.accountKey.seal(account, apiKey), createdAt: at }
        const set = { ...values, id: undefined, ...RUNNING, removedAt: null }
        const back = { target: accounts.apiId, set, setWhere: isNotNull(accounts.removedAt) }
        const [row] = await db.insert(accounts).values(values).onConflictDoUpdate(back).returning()
        return view(row)
      }),

    findAccount: idOrApiId =>
      read(async ({ db }) => {
        const [row] = await db.select().from(accounts).where(named(idOrApiId))
        return view(row)
      }),

    accountFor: (partnerId, idOrApiId) => read(async tx => view(await rows.choose(tx, partnerId, idOrApiId))),

    listAccounts: ({ limit, after }) =>
      read(async ({ db }) => {
        const isListed = and(isShown, gt(accounts.id, after ?? ''))
        const found = await db.select().from(accounts).where(isListed).orderBy(asc(accounts.id)).limit(limit)
        return found.map(row => accountOfRow(row, defaultRate))
      }),

    pauseAccount: id => write(async tx => view(await rows.patch(tx, id, () => pausedByOperator(tx.at)))),

    resumeAccount: async id => {
      const resumed = await write(async tx =>
        view(await rows.patch(tx, id, account => resumedByOperator(account, tx.at))),
      )
      if (resumed) tell([['verificationsDue']])
      return resumed
    },

    removeAccount: id =>
      write(async ({ db, at }) => {
        const [row] = await db.select().from(accounts).where(named(id)).for('no key update')
        if (!row) return null
        const isOwner = eq(partners.id, row.partnerId ?? '')
        const [owner] = await db.select().from(partners).where(isOwner)
        const outcome = judgeRemoval(row, owner)
        const removed = { ...removedByOperator(stateOf(row, defaultRate), at), removedAt: at }
        if (outcome === 'removed') await db.update(accounts).set(removed).where(eq(accounts.id, id))
        return outcome
      }),
  } satisfies Partial<Store>
}

/** As `isInUse`. */
const isShown = and(isNull(accounts.removedAt), ne(accounts.id, TEST_ACCOUNT_ID))
const named = (idOrApiId: string) => and(isShown, or(eq(accounts.id, idOrApiId), eq(accounts.apiId, idOrApiId)))

/** All that claims, answers and operators change of an account. */
const STATE = [
  ['paused_at', 'bigint', 'pausedAt'],
  ['pause_reason', 'text', 'pauseReason'],
  ['pause_code', 'bigint', 'pauseCode'],
  ['unreachable_at', 'bigint', 'unreachableAt'],
  ['unreachable_error', 'text', 'unreachableError'],
  ['probes', 'int', 'probes'],
  ['probe_at', 'bigint', 'probeAt'],
  ['allowed_at', 'float8', 'allowedAt'],
  ['ramp_at', 'bigint', 'rampAt'],
  ['ramp_rate', 'float8', 'rampRate'],
] as const satisfies readonly (readonly [column: string, type: string, keyof AccountState])[]

const UPDATE = `
  UPDATE accounts SET ${STATE.map(([column]) => `${column} = changed.${column}`).join(', ')}
  FROM unnest($1::text[], ${STATE.map(([, type], i) => `$${i + 2}::${type}[]`).join(', ')})
    AS changed(id, ${STATE.map(([column]) => column).join(', ')})
  WHERE accounts.id = changed.id`

/** The accounts as claims, answers and operators change them, within the caller's transaction. */
export const createAccountRows = (context: Pick<Context, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const { defaultRate } = context
  const { hasCredentials, claimable } = createAccountKeys(context)

  const rowsOf = (tx: Tx, ids: readonly string[], { lock }: { lock: 'wait' | 'skip' | 'none' }) =>
    tx.rows<AccountRow & { nth: number }>(`${SELECT} WHERE id = ANY($1) ORDER BY id ${LOCKS[lock]}`, [ids])

  const save = async (tx: Tx, changed: readonly (AccountState & { id: string })[]): Promise<void> => {
    if (changed.length === 0) return
    await tx.rows(UPDATE, [changed.map(({ id }) => id), ...STATE.map(([, , name]) => changed.map(one => one[name]))])
  }

  return {
    hasCredentials,

    /**
     * Of these, those whose key can be decrypted, as a claim takes them; in the order of their creation.
     *
     * @param lock `skip` leaves out those that another transaction has locked, and locks the others
     */
    those: async (tx: Tx, ids: readonly string[], { lock }: { lock: 'skip' | 'none' }): Promise<ClaimedAccount[]> => {
      const rows = await rowsOf(tx, ids, { lock })
      return claimable(
        rows.toSorted((a, b) => a.nth - b.nth),
        tx.at,
      )
    },

    find: async (tx: Tx, id: string): Promise<AccountState | null> => {
      const [row] = await rowsOf(tx, [id], { lock: 'none' })
      return row ? stateOf(row, defaultRate) : null
    },

    /** These, locked until the transaction ends. */
    load: async (tx: Tx, ids: readonly string[]): Promise<Map<string, AccountState & { id: string }>> =>
      new Map((await rowsOf(tx, ids, { lock: 'wait' })).map(row => [row.id, stateOf(row, defaultRate)])),

    /** What `Store.accountFor` says. */
    choose: async ({ db }: Tx, partnerId: string, idOrApiId: string | null): Promise<AccountRow | null> => {
      const meant = idOrApiId === null ? or(accounts.isDefault, eq(accounts.partnerId, partnerId)) : named(idOrApiId)
      return chooseAccount(await db.select().from(accounts).where(meant), partnerId)
    },

    /** Writes what may change of them: all of `AccountState` but the rate. */
    save,

    /** Changes it by a rule, which gives null for no change; the row as it is then, null where there is none. */
    patch: async (
      tx: Tx,
      id: string,
      rule: (account: AccountState) => AccountPatch | null,
    ): Promise<AccountRow | null> => {
      const [row] = await rowsOf(tx, [id], { lock: 'wait' })
      if (!row) return null
      const account = stateOf(row, defaultRate)
      const patch = rule(account)
      if (patch) await save(tx, [{ ...account, ...patch }])
      return { ...row, ...patch }
    },
  }
}

const LOCKS = { wait: 'FOR NO KEY UPDATE', skip: 'FOR NO KEY UPDATE SKIP LOCKED', none: '' } as const

const SELECT = `
  SELECT id, api_id AS "apiId", api_key AS "apiKey", password_mode AS "passwordMode", rate, is_default AS "isDefault",
    partner_id AS "partnerId", created_at AS "createdAt", removed_at AS "removedAt", nth, ${STATE.map(([column, , name]) => `${column} AS "${name}"`).join(', ')}
  FROM accounts`

type CompletionVerbs = Pick<Store, 'changeCompletions' | 'completionsOf'>

/** What is learned of when verifications of an account are completed. */
export const createCompletions = ({ read, write }: Pick<Context, 'read' | 'write'>): CompletionVerbs => ({
  changeCompletions: (accountId, change) =>
    write(async tx => {
      // Two nodes change the same bins, of which there may be no row yet.
      await tx.lock([`completions ${accountId}`])
      const rows = rowsOfBins(changeBins(await load(tx, accountId), change))
      await tx.rows('DELETE FROM completion_bins WHERE account_id = $1', [accountId])
      await tx.rows(
        `INSERT INTO completion_bins (account_id, bin, completions, exposure_ms)
         SELECT $1, * FROM unnest($2::int[], $3::float8[], $4::float8[])`,
        [
          accountId,
          rows.map(({ bin }) => bin),
          rows.map(({ completions }) => completions),
          rows.map(({ exposureMs }) => exposureMs),
        ],
      )
    }),

  completionsOf: accountId => read(tx => load(tx, accountId)),
})

const load = async (tx: Tx, accountId: string) =>
  binsOfRows(
    await tx.rows<BinRow>(
      'SELECT bin, completions, exposure_ms AS "exposureMs" FROM completion_bins WHERE account_id = $1',
      [accountId],
    ),
  )
