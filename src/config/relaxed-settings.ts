import type { Words } from '../core/language.ts'
import type { Config } from './settings.ts'

export interface RelaxedSetting {
  setting: string
  effect: Words
}

/** Settings that open what is closed by default, with what they do. Right for trying out, rarely in production. */
export const relaxedSettings = ({
  upstream: { sandbox },
  callback: { allowHttp, allowNetworks },
}: Pick<Config, 'upstream' | 'callback'>): RelaxedSetting[] => {
  const all: readonly (readonly [isOpen: boolean, setting: string, en: string, zh: string])[] = [
    [
      sandbox,
      'SANDBOX',
      'test serials are answered here, with the verdict that their name asks for',
      '测试流水号不查询上游，结果由其名称决定',
    ],
    [
      allowHttp,
      'CALLBACK_ALLOW_HTTP',
      'verdicts are sent over plain http, where everybody on the way reads them',
      '结果可能经明文 http 传输，链路上的任何人都能读到',
    ],
    [
      allowNetworks.length > 0,
      'CALLBACK_ALLOW_NETWORKS',
      'partners can make the service call addresses that are not public',
      '合作方可以让本服务访问非公网地址',
    ],
  ]
  return all.flatMap(([isOpen, setting, en, zh]) => (isOpen ? [{ setting, effect: { en, zh } }] : []))
}
