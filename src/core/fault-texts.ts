import type { AccountFault } from './answer.ts'
import type { Language, Words } from './language.ts'

/** What is wrong, and what to do about it. */
export interface TroubleWords {
  sentence: string
  remedy: string
}

/** Of an account that no setting names. What waits for it goes on with the new key. */
const CHANGE_KEY: Words = {
  en: 'The key of another account is in no setting: "idface-notifier account remove APIID", then "idface-notifier account create APIID --api-key-file FILE", with the --mode and --rate it had, has it tried at once. One that is a partner\'s own: "partner disable PARTNER" before, --partner PARTNER with the new key, and "partner enable PARTNER" after.',
  zh: '其他账户的 APIKEY 不在配置中：先运行 "idface-notifier account remove APIID"，再运行 "idface-notifier account create APIID --api-key-file FILE"（--mode、--rate 与原来相同），随即试探该账户。专供某个合作方的账户：先运行 "partner disable PARTNER"，新建时加上 --partner PARTNER，最后运行 "partner enable PARTNER"。',
}

const en: Record<AccountFault, TroubleWords> = {
  egress_ip: {
    sentence: 'GetResult does not accept calls from this IP address',
    remedy: "Have the vendor register this machine's egress address.",
  },
  credentials_missing: {
    sentence: 'GetResult found no APIID or no password in the call',
    remedy: 'Check IHUYI_ACCOUNT, IHUYI_API_KEY and IHUYI_METHOD, and any proxy between the service and GetResult.',
  },
  app_missing: { sentence: 'the APIID has no such application', remedy: 'Ask the vendor.' },
  credentials_wrong: {
    sentence: 'the APIID or the APIKEY is wrong',
    remedy: `Correct IHUYI_ACCOUNT and IHUYI_API_KEY (as shipped, in /etc/idface-notifier/settings) or the file that IHUYI_API_KEY_FILE names, and restart: "systemctl restart idface-notifier". ${CHANGE_KEY.en} Repeated bad logins may freeze an account.`,
  },
  frozen: { sentence: 'the account is frozen', remedy: 'Ask the vendor to unfreeze it.' },
  clock: {
    sentence: "this machine's clock and GetResult's differ too much",
    remedy: 'Set this machine\'s clock right: "sudo timedatectl set-ntp true".',
  },
  password_refused: {
    sentence: 'GetResult does not accept the password',
    remedy: `Check the APIKEY (IHUYI_API_KEY, or the file that IHUYI_API_KEY_FILE names) and the clock ("timedatectl"); if both are right, try IHUYI_PASSWORD_MODE=static. Then restart. ${CHANGE_KEY.en}`,
  },
  no_contract: {
    sentence: 'the account has no contract for this product',
    remedy: 'Sign the contract for this product with the vendor.',
  },
  password_or_balance: {
    sentence: 'the password is wrong or the balance is used up',
    remedy: `Check the balance first, then the APIKEY: IHUYI_API_KEY, or the file that IHUYI_API_KEY_FILE names, and a restart. ${CHANGE_KEY.en}`,
  },
  serial_not_received: {
    sentence: 'GetResult does not receive the serials of nearly all calls',
    remedy: 'Check IHUYI_METHOD, and any proxy between the service and GetResult.',
  },
  unknown_code: {
    sentence: 'GetResult answers nearly all calls with a code that is in no table',
    remedy: 'Ask the vendor what the code means.',
  },
}

const zh: Record<AccountFault, TroubleWords> = {
  egress_ip: { sentence: '上游不接受来自本机 IP 地址的请求', remedy: '请上游登记本机的出口 IP 地址。' },
  credentials_missing: {
    sentence: '上游未在请求中找到 APIID 或密码',
    remedy: '请检查 IHUYI_ACCOUNT、IHUYI_API_KEY 和 IHUYI_METHOD，以及本服务与上游之间的代理。',
  },
  app_missing: { sentence: '该 APIID 下没有此应用', remedy: '请联系上游。' },
  credentials_wrong: {
    sentence: 'APIID 或 APIKEY 错误',
    remedy: `请改正 IHUYI_ACCOUNT 和 IHUYI_API_KEY（按安装文档部署时，位于 /etc/idface-notifier/settings），或 IHUYI_API_KEY_FILE 指定的文件，然后重启："systemctl restart idface-notifier"。${CHANGE_KEY.zh}多次登录失败可能导致账户被冻结。`,
  },
  frozen: { sentence: '账户已被冻结', remedy: '请联系上游解冻。' },
  clock: { sentence: '本机与上游的时钟相差过大', remedy: '请校准本机时钟："sudo timedatectl set-ntp true"。' },
  password_refused: {
    sentence: '上游不接受该密码',
    remedy: `请检查 APIKEY（IHUYI_API_KEY，或 IHUYI_API_KEY_FILE 指定的文件）和本机时钟（"timedatectl"）；两者都无误时，可尝试 IHUYI_PASSWORD_MODE=static。改后须重启。${CHANGE_KEY.zh}`,
  },
  no_contract: { sentence: '账户未开通此产品', remedy: '请向上游开通此产品。' },
  password_or_balance: {
    sentence: '密码错误或余额不足',
    remedy: `请先检查余额，再检查 APIKEY：IHUYI_API_KEY，或 IHUYI_API_KEY_FILE 指定的文件，改后须重启。${CHANGE_KEY.zh}`,
  },
  serial_not_received: {
    sentence: '上游未收到绝大多数请求中的流水号',
    remedy: '请检查 IHUYI_METHOD，以及本服务与上游之间的代理。',
  },
  unknown_code: { sentence: '上游对绝大多数请求返回文档中未列出的返回码', remedy: '请向上游确认该返回码的含义。' },
}

const TEXTS: Record<Language, Record<AccountFault, TroubleWords>> = { en, zh }

/** Why GetResult refuses an account. */
export const describeFault = (fault: AccountFault, language: Language): TroubleWords => TEXTS[language][fault]
