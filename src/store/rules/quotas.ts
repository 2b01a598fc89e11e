import { DAY, HOUR } from '../../core/duration.ts'

/** The hour in which an epoch ms lies, counted from the epoch on. */
export const hourOf = (at: number): number => Math.floor(at / HOUR)

/** Registrations of these hours count for the quota of a day, which looks back by 24 to 25 hours. */
export const countedHours = (at: number): { first: number; last: number } => ({
  first: hourOf(at - DAY),
  last: hourOf(at),
})
