import { showPartner } from '../core/operator-texts/catalogue.ts'
import { listAll } from '../store/list-all.ts'
import type { Account, Partner, Store } from '../store/store.ts'
import type { Say } from './command.ts'
import { refuse } from './environment.ts'

const nameOfPartner = ({ id, name }: Partner): string => showPartner({ partnerId: id, partnerName: name })

/** The partner with this id or this name. Ends the process where there is none, or several. */
export const findPartner = async (
  store: Pick<Store, 'findPartner' | 'listPartners'>,
  typed: string,
  say: Say,
): Promise<Partner> => {
  const found = await store.findPartner(typed)
  if (found) return found
  const [named, ...others] = (await listAll(store.listPartners)).filter(({ name }) => name === typed)
  if (named && others.length === 0) return named
  return refuse(
    named
      ? say(
          `Several partners are called ${typed}: say which by its id; "partner list" shows them.`,
          `有多个合作方名为 ${typed}：请改用 id 指定，见 "partner list"。`,
        )
      : say(
          `There is no partner ${typed}; "partner list" shows them.`,
          `没有合作方 ${typed}；可用 "partner list" 查看。`,
        ),
  )
}

/** How a table names the partners of its rows. */
export const partnerNames = async (
  store: Pick<Store, 'findPartner'>,
  shown: readonly { partnerId: string | null }[],
): Promise<(id: string) => string> => {
  const ids = new Set(shown.flatMap(({ partnerId }) => partnerId ?? []))
  const found = await Promise.all([...ids].map(id => store.findPartner(id)))
  const names = new Map(found.flatMap(one => (one ? [[one.id, nameOfPartner(one)]] : [])))
  return id => names.get(id) ?? id
}

/** The account with this APIID or id. Ends the process where there is none. */
export const findAccount = async (store: Pick<Store, 'findAccount'>, typed: string, say: Say): Promise<Account> =>
  (await store.findAccount(typed)) ??
  refuse(
    say(`There is no account ${typed}; "account list" shows them.`, `没有账户 ${typed}；可用 "account list" 查看。`),
  )
