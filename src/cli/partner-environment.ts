import type { Config } from '../config/settings.ts'
import { serviceUrlOf } from '../config/url-parsers.ts'
import { quoted } from './doctor/finding.ts'

const ANY_ADDRESS = new Set(['0.0.0.0', '::'])

/** Returns the service's base URL according to its settings; null if it takes any free port. */
export const addressOf = ({ server: { host, port }, operator }: Pick<Config, 'server' | 'operator'>): string | null => {
  if (operator.consoleUrl !== null || port === 0) return serviceUrlOf(operator.consoleUrl)
  const reached = ANY_ADDRESS.has(host) ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** Shell lines that export a partner's credentials, under the names in all documents and examples. */
export const exportsOf = ({
  url,
  apiKey,
  signingSecret,
}: {
  url: string | null
  apiKey: string
  signingSecret: string
}): string =>
  [
    ['NOTIFIER_URL', url],
    ['API_KEY', apiKey],
    ['WEBHOOK_SECRET', signingSecret],
  ]
    .flatMap(([name, value]) => (value == null ? [] : [`  export ${name}=${quoted(value)}`]))
    .join('\n')
