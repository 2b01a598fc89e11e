import type { Finding, Promises } from './findings.ts'
import { type Poll, type Seen, type Span, STANDSTILL, type Trouble } from './seen.ts'
import type { Story } from './stories.ts'
import type { Urls } from './urls.ts'

/** A registration, and where findings about it go. */
export interface Judged {
  story: Story
  seen: Seen
  promises: Promises
  urls: Urls
  note: (broken: Finding['broken'], what: string) => undefined
}

export const isOk = (status: number | null): boolean => status !== null && status >= 200 && status < 300
export const VERDICTS = new Set<string>(['SUCCESS', 'FAIL'])
export const isVerdict = ({ status, reason }: Story['told'][number]['data']): boolean =>
  reason === null && status !== null && VERDICTS.has(status)

export const overlaps = (span: Span, from: number, to: number): boolean => span.from <= to && span.to >= from
/** Length of a span without troubles, sorted by beginning, and the time to recover from them. */
export const lengthWithout = (troubles: readonly Trouble[], recovery: number, { from, to }: Span): number => {
  let length = to - from
  let counted = from
  for (const trouble of troubles) {
    const begin = Math.max(counted, trouble.from)
    const end = Math.min(to, trouble.to + recovery)
    if (end <= begin) continue
    length -= end - begin
    counted = end
  }
  return length
}

/** Longest time from an answer until it is recorded, and after a trouble until its backlog has gone. */
export const RECORDED_WITHIN_MS = 1_000
/** Work of a node, from when to when; without `node` any node may have done it. */
export interface Done extends Span {
  node?: number | undefined
}
/** Whether a trouble of the service hit the node that did this, during it or within `withinMs` after it. */
export const hits = (trouble: Trouble, { node, from, to }: Done, withinMs = 0): boolean =>
  trouble.of === 'service' &&
  (node ?? trouble.node) === (trouble.node ?? node) &&
  overlaps(trouble, from, to + withinMs)
/** Whether the node that got an answer lived to record it, and was able to. */
export const couldRecord = (troubles: readonly Trouble[], done: Done): boolean =>
  !troubles.some(one => hits(one, done, RECORDED_WITHIN_MS))

/** Calls that arrive while the harness stands still are noted at once after it, so much later at most. */
export const longestStandstill = (troubles: readonly Trouble[]): number =>
  Math.max(0, ...troubles.filter(({ name }) => name === STANDSTILL).map(({ from, to }) => to - from))

/** Whether the node got the answer of its poll, and lived to record it. */
export const isRecorded =
  ({ troubles }: Pick<Seen, 'troubles'>) =>
  ({ node, at, heardAt }: Poll): boolean =>
    heardAt !== null && couldRecord(troubles, { node, from: at, to: heardAt })
