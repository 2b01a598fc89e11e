import { DAY, formatDuration, MINUTE } from '../core/duration.ts'
import type { Words } from '../core/language.ts'
import type { Config } from './settings.ts'

export interface RelaxedSetting {
  setting: string
  effect: Words
}

const when = (is: boolean, setting: string, en: string, zh: string): RelaxedSetting[] =>
  is ? [{ setting, effect: { en, zh } }] : []

/** Settings that open what is closed by default, or end early, with what they do. Right for trying out, rarely in production. */
export const relaxedSettings = ({
  upstream,
  callback,
  storage: { retentionMs },
  polling: { registrationTtlMs },
}: Pick<Config, 'upstream' | 'callback' | 'storage' | 'polling'>): RelaxedSetting[] => [
  ...when(
    upstream.sandbox,
    'SANDBOX',
    'test serials are answered here, with the verdict that their name asks for',
    '测试流水号不查询上游，结果由其名称决定',
  ),
  ...when(
    callback.allowHttp,
    'CALLBACK_ALLOW_HTTP',
    'verdicts are sent over plain http, where everybody on the way reads them',
    '结果可能经明文 http 传输，链路上的任何人都能读到',
  ),
  ...when(
    callback.allowNetworks.length > 0,
    'CALLBACK_ALLOW_NETWORKS',
    'partners can make the service call addresses that are not public',
    '合作方可以让本服务访问非公网地址',
  ),
  ...when(
    retentionMs < DAY,
    'RETENTION',
    `what has ended is erased after ${formatDuration(retentionMs)}, and can be neither sent again nor looked up`,
    `登记结束 ${formatDuration(retentionMs)}后即被删除，不能再重发或查询`,
  ),
  ...when(
    registrationTtlMs < MINUTE,
    'REGISTRATION_TTL',
    `a registration waits ${formatDuration(registrationTtlMs)} for its verdict, which most people need longer for`,
    `登记只等待结果 ${formatDuration(registrationTtlMs)}，多数用户来不及完成核验`,
  ),
]
