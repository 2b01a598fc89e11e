import type { Answer, TransientCause } from '../../core/answer.ts'
import type { Words } from '../../core/language.ts'

const UNREACHABLE = {
  en: 'check that IHUYI_URL is right, and that this machine reaches its host: name servers, network, firewall; no proxy is used for GetResult',
  zh: '请确认 IHUYI_URL 无误，且本机可以访问其主机：域名解析、网络、防火墙；查询 GetResult 不经代理',
}
const NOT_GETRESULT = {
  en: 'this is no answer of GetResult: check that IHUYI_URL is right, and whether a proxy or a login page answers in its place',
  zh: '这不是 GetResult 的响应：请确认 IHUYI_URL 无误，并检查响应是否来自代理或登录页',
}
const later = (what: string | number, whatZh: string | number): Words => ({
  en: `try again in some minutes; if the problem stays, ask the vendor and give them ${what}`,
  zh: `请几分钟后再试；若仍如此，请向厂商反馈${whatZh}`,
})

const TRANSIENT: Record<TransientCause, (answer: Extract<Answer, { kind: 'transient' }>) => Words> = {
  unreachable: () => UNREACHABLE,
  timeout: () => UNREACHABLE,
  http_status: ({ detail = '' }) =>
    detail.startsWith('5') ? later(`HTTP ${detail}`, ` HTTP ${detail}`) : NOT_GETRESULT,
  unparseable: () => NOT_GETRESULT,
  too_large: () => NOT_GETRESULT,
  unknown_code: ({ code }) => ({
    en: `ask the vendor what code ${code} means`,
    zh: `请向厂商确认返回码 ${code} 的含义`,
  }),
  upstream_error: ({ code }) => later(`code ${code}`, `返回码 ${code}`),
  no_result: ({ code }) => later(`code ${code} without a result`, `：返回码为 ${code}，但不含结果`),
}

const CORRECT_KEY = {
  en: 'correct IHUYI_API_KEY (and IHUYI_PASSWORD_MODE) where the settings are, .env or /etc/idface-notifier/settings.',
  zh: '请在配置所在处（.env 或 /etc/idface-notifier/settings）改正 IHUYI_API_KEY（以及 IHUYI_PASSWORD_MODE）。',
}

/**
 * Returns the advice on an answer to a first call; null if the advice of a running service fits.
 *
 * @param isOfSettings whether the account comes from the settings
 */
export const remedyFor = (answer: Answer, isOfSettings: boolean): Words | null => {
  if (answer.kind === 'transient') return TRANSIENT[answer.cause](answer)
  if (answer.kind !== 'account' || !isOfSettings) return null
  if (answer.fault === 'credentials_wrong')
    return {
      en: `${CORRECT_KEY.en} IHUYI_ACCOUNT may be wrong too. Repeated bad logins may freeze the account`,
      zh: `${CORRECT_KEY.zh}也请核对 IHUYI_ACCOUNT。多次登录失败可能导致账户被冻结`,
    }
  if (answer.fault === 'password_refused')
    return {
      en: `${CORRECT_KEY.en} If they are right, synchronize this machine's clock`,
      zh: `${CORRECT_KEY.zh}两者都无误时，请校准本机时钟`,
    }
  return null
}
