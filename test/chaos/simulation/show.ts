import type { Options } from '../options.ts'
import { EMPTY, type History, runHistory } from './history.ts'
import { planOf } from './plans.ts'
import { openHistoryServer } from './postgres.ts'

/** All that was seen of one history, in the order of time. */
export const showHistory = async (
  { count: seed, plan, only }: Pick<Options, 'count' | 'plan' | 'only'>,
  say: (line: string) => void,
): Promise<History> => {
  await using server = plan === 'postgres' ? await openHistoryServer(EMPTY) : null
  const history = await runHistory(seed, { plan: planOf(plan, seed, only), server: server?.folder ?? null })
  const { seen } = history
  const lines = [
    ...seen.registering.map(one => [
      one.at,
      `${one.partner} registers ${one.serial} for ${one.url}: ${one.id ?? 'no answer'}`,
    ]),
    ...seen.acts.map(one => [one.at, `${one.partner} wants ${one.what} of ${one.id}`]),
    ...seen.shown.map(one => [
      one.at,
      `${one.id} is shown as ${one.registration?.status}, ${one.registration?.delivery.state}`,
    ]),
    ...seen.webhooks.map(one => [one.at, `${one.id} comes to ${one.url}: ${one.status ?? 'no answer'}`]),
    ...seen.polls.map(one => [
      one.at,
      `GetResult is asked about ${one.serial}: ${one.answer}${one.heardAt === null ? ', unheard' : ''}`,
    ]),
    ...seen.troubles.map(({ from, to, name }) => [from, `${name}, until ${new Date(to).toISOString()}`]),
  ] as [number, string][]
  for (const [at, text] of lines.sort(([a], [b]) => a - b)) say(`${new Date(at).toISOString()} ${text}`)
  return history
}
