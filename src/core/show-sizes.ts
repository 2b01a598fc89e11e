import { DAY, HOUR, MINUTE, SECOND } from './duration.ts'
import type { Language, Words } from './language.ts'

type Unit = readonly [ms: number, name: Words]
export const SECONDS: Unit = [SECOND, { en: 's', zh: '秒' }]
export const MINUTES: Unit = [MINUTE, { en: 'min', zh: '分钟' }]
/** Largest first. */
export const UNITS: readonly Unit[] = [
  [DAY, { en: 'days', zh: '天' }],
  [HOUR, { en: 'h', zh: '小时' }],
  MINUTES,
  SECONDS,
]

/** Formats a span such as `5 min`, in the largest unit of which it has at least two. `round`: down for an age. */
export const showSpan = (ms: number, language: Language, round = Math.ceil): string => {
  const [size, unit] = UNITS.find(([size]) => ms >= 2 * size) ?? SECONDS
  return `${round(ms / size)} ${unit[language]}`
}

/** `1.5 GB` */
export const showBytes = (bytes: number): string => {
  const [size, unit] = bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB']
  return `${Number((bytes / size).toPrecision(3))} ${unit}`
}

/** `0.25 s` */
export const showSeconds = (ms: number, language: Language): string =>
  `${roundedRate(ms / SECOND)} ${SECONDS[1][language]}`

/** Null: there is nothing to have a share of. */
export const shareOf = (part: number, all: number): number | null => (all === 0 ? null : part / all)

/** `99.8 %`, rounded down: 100 % means all. */
export const showShare = (share: number | null): string =>
  share === null ? '–' : `${Math.floor(1_000 * share + 1e-9) / 10} %`

/** Rounds to three digits: an estimate has no more. */
export const roundedRate = (rate: number): number => Number(rate.toPrecision(3))
