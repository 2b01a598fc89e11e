import { SECOND } from '../../core/duration.ts'
import { TIME_LIMITS, type TimeLimits } from './time-limits.ts'

/** By itself the server would end it after 15 minutes, or two hours. */
const untilVanished = (ms: number) => ({
  tcp_keepalives_idle: ms / 2 / SECOND,
  tcp_keepalives_interval: ms / 4 / SECOND,
  tcp_keepalives_count: 3,
  tcp_user_timeout: ms,
})

/** Begins one that may wait for long, or do nothing for long. It holds no other node up once nobody is there any more. */
export const beginLong = (
  settings: Readonly<Record<string, number>>,
  { vanishedMs }: Pick<TimeLimits, 'vanishedMs'> = TIME_LIMITS,
): string => ['BEGIN', ...Object.entries({ ...untilVanished(vanishedMs), ...settings }).map(set)].join('; ')

const set = ([name, value]: [string, number]) => `SET LOCAL ${name} = ${value}`
