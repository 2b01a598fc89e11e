import type { Config } from './settings.ts'

/** Settings that open what is closed by default, with what they do. Right for trying out, rarely in production. */
export const relaxedSettings = ({
  upstream,
  callback,
}: Pick<Config, 'upstream' | 'callback'>): { setting: string; effect: string }[] => [
  ...(upstream.sandbox
    ? [{ setting: 'SANDBOX', effect: 'test serials are answered here, with the verdict that their name asks for' }]
    : []),
  ...(callback.allowHttp
    ? [
        {
          setting: 'CALLBACK_ALLOW_HTTP',
          effect: 'verdicts are sent over plain http, where everybody on the way reads them',
        },
      ]
    : []),
  ...(callback.allowNetworks.length > 0
    ? [
        {
          setting: 'CALLBACK_ALLOW_NETWORKS',
          effect: 'partners can make the service call addresses that are not public',
        },
      ]
    : []),
]
