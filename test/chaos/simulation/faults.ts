import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { REFUSALS } from '../../support/odd-answers.ts'
import type { Draw } from '../draw.ts'
import type { Span } from '../seen.ts'
import type { Death } from './node.ts'
import type { Refusal } from './upstream.ts'

/** The faults of a history. */
export interface Faults {
  deaths: (Death & { node: number })[]
  /** When the database refuses to write. */
  refusals: Span[]
  /** When the connection of a node with its database is lost, at the next statement of a transaction that writes, before or after it. */
  losses: { node: number; at: number }[]
  outages: Span[]
  /** When the machine has no network. */
  cuts: Span[]
  /** When a process stands still, as its machine does. */
  pauses: (Span & { node: number })[]
  /** When GetResult refuses the account. */
  accountRefusals: Refusal[]
  /** The clock of the system is set. */
  steps: { at: number; ms: number }[]
}

interface Limits {
  nodes: number
  from: number
  spanMs: number
  outageMs: number
  /** At most about twice this many deaths, and a quarter of it of each other fault, but for `standstills`. */
  deaths: number
  /** No time is lost or made up: rows that are kept for minutes would be gone before anybody has looked. */
  isSteady?: boolean
  /** So often nodes stand still for about as long as a claim is theirs, if all times are short. */
  standstills?: number
}

/** @param keep leaves out the faults that must not happen */
export const drawFaults = (
  { below, chance, times, oneOf }: Draw,
  { nodes, from, spanMs, outageMs, deaths, isSteady, standstills = 0 }: Limits,
  keep: <T>(list: T[]) => T[],
): Faults => {
  const at = () => from + below(spanMs)
  const span = (longestMs: number): Span => {
    const begin = at()
    return { from: begin, to: begin + below(longestMs) }
  }
  const few = Math.ceil(deaths / 4)
  const one = isSteady ? 0 : Math.min(1, few)
  const someDeaths = times(chance(0.5) ? 0 : below(2 * deaths), () => ({
    node: below(nodes),
    at: at(),
    atCall: chance(0.7),
    downMs: oneOf([50, SECOND, 20 * SECOND]),
  }))
  return {
    deaths: keep(someDeaths.sort((a, b) => a.at - b.at)),
    refusals: keep(times(chance(0.2) ? few : 0, () => span(30 * SECOND))),
    losses: keep(times(nodes > 1 ? below(deaths) : 0, () => ({ node: below(nodes), at: at() }))),
    outages: keep(times(chance(0.2) ? few : 0, () => span(outageMs))),
    cuts: keep(times(chance(0.1) ? few : 0, () => span(outageMs))),
    pauses: keep([
      ...times(chance(0.2 * nodes) ? one : 0, () => ({
        node: below(nodes),
        ...span(oneOf([10 * SECOND, MINUTE, 2 * MINUTE, 2 * HOUR])),
      })),
      ...times(standstills, n => {
        const begin = from + n * 25 * SECOND + below(5 * SECOND)
        return { node: below(nodes), from: begin, to: begin + 15 * SECOND + below(5 * SECOND) }
      }),
    ]),
    accountRefusals: keep(times(chance(0.2) ? few : 0, () => ({ ...span(outageMs), answer: oneOf(REFUSALS).answer }))),
    steps: keep(times(chance(0.1) ? one : 0, () => ({ at: at(), ms: oneOf([-1, 1]) * oneOf([SECOND, MINUTE, HOUR]) }))),
  }
}
