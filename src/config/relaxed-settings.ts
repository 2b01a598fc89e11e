import type { Words } from '../core/language.ts'
import type { Config } from './settings.ts'

export interface RelaxedSetting {
  setting: string
  effect: Words
}

/** Settings that open what is closed by default, with what they do. Right for trying out, rarely in production. */
export const relaxedSettings = ({ upstream, callback }: Pick<Config, 'upstream' | 'callback'>): RelaxedSetting[] => [
  ...(upstream.sandbox
    ? [
        {
          setting: 'SANDBOX',
          effect: {
            en: 'test serials are answered here, with the verdict that their name asks for',
            zh: '测试流水号不查询上游，结果由其名称决定',
          },
        },
      ]
    : []),
  ...(callback.allowHttp
    ? [
        {
          setting: 'CALLBACK_ALLOW_HTTP',
          effect: {
            en: 'verdicts are sent over plain http, where everybody on the way reads them',
            zh: '结果可经明文 http 发送，途经的任何人都能读到',
          },
        },
      ]
    : []),
  ...(callback.allowNetworks.length > 0
    ? [
        {
          setting: 'CALLBACK_ALLOW_NETWORKS',
          effect: {
            en: 'partners can make the service call addresses that are not public',
            zh: '合作方可以让本服务访问非公网地址',
          },
        },
      ]
    : []),
]
