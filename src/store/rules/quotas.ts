import { DAY, HOUR } from '../../core/duration.ts'

/** The hour in which an epoch ms lies, counted from the epoch on. */
export const hourOf = (at: number): number => Math.floor(at / HOUR)

/** Registrations of this hour and of later ones count for the quota of a day: it looks back by 24 to 25 hours. */
export const firstCountedHour = (at: number): number => hourOf(at - DAY)
