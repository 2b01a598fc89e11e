import { MINUTE } from './duration.ts'

/** What has lately been seen of one partner. */
export interface Conduct {
  /** The last serial that is a number, to see whether the next one is its neighbour. */
  lastSerial: bigint | null
  neighbours: number
  /** Those that are numbers. */
  serials: number
  /** Those that were another partner's. */
  others: number
  notFound: number
  answers: number
  /** Until when the operator knows, epoch ms. */
  suspectedUntil: number
  /** Until when the partner is slowed down, epoch ms. */
  slowedUntil: number
}

export const NO_CONDUCT: Conduct = {
  lastSerial: null,
  neighbours: 0,
  serials: 0,
  others: 0,
  notFound: 0,
  answers: 0,
  suspectedUntil: 0,
  slowedUntil: 0,
}

const WINDOW = 40
const NEIGHBOURS = 30
/** Serials of real checks are far apart: they begin with the second of their submission. */
const NEIGHBOUR_DISTANCE = 3n
/** Its own serials may follow each other, as in a test; those of others cannot by chance. */
const OTHERS = 5
const ANSWERS = 60
const NOT_FOUND_SHARE = 0.8
const SLOWED_MS = 10 * MINUTE

/**
 * The partner names a serial: many neighbours in a row look like somebody who tries out other people's serials. That is
 * told, and where some of them are another partner's indeed the partner is slowed down.
 */
export const afterSerial = (
  conduct: Conduct,
  { idcardid, isOthers }: { idcardid: string; isOthers: boolean },
  now: number,
): Conduct => {
  // Among other words neighbours stay neighbours, and one serial for several URLs is no step to the next.
  if (!/^\d{1,30}$/.test(idcardid)) return conduct
  const lastSerial = BigInt(idcardid)
  const distance = conduct.lastSerial === null ? null : lastSerial - conduct.lastSerial
  if (distance === 0n) return conduct
  const isNeighbour = distance !== null && distance >= -NEIGHBOUR_DISTANCE && distance <= NEIGHBOUR_DISTANCE
  const neighbours = conduct.neighbours + (isNeighbour ? 1 : 0)
  const serials = conduct.serials + 1
  const others = conduct.others + (isOthers ? 1 : 0)
  if (neighbours < NEIGHBOURS && serials < WINDOW) return { ...conduct, lastSerial, serials, neighbours, others }
  const anew = { ...conduct, lastSerial, serials: 0, neighbours: 0, others: 0 }
  if (neighbours < NEIGHBOURS) return anew
  const until = now + SLOWED_MS
  return { ...anew, suspectedUntil: until, slowedUntil: others >= OTHERS ? until : conduct.slowedUntil }
}

/** Upstream has answered about a serial of the partner: hardly any of them exists. */
export const afterLookup = (conduct: Conduct, isNotFound: boolean, now: number): Conduct => {
  const answers = conduct.answers + 1
  const notFound = conduct.notFound + (isNotFound ? 1 : 0)
  if (answers < ANSWERS) return { ...conduct, answers, notFound }
  const anew = { ...conduct, answers: 0, notFound: 0 }
  if (notFound < NOT_FOUND_SHARE * answers) return anew
  return { ...anew, suspectedUntil: now + SLOWED_MS, slowedUntil: now + SLOWED_MS }
}
