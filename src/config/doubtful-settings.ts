import { DAY, MINUTE } from '../core/duration.ts'
import { operatorChannelOf } from '../core/operator-channel.ts'
import type { Problem } from './read-config.ts'
import type { Config } from './settings.ts'

const SHORTEST_TOKEN = 16

/** Settings that are taken although hardly anybody means them: the start and `doctor` warn of them. */
export function* doubtfulSettings({ storage, polling, server, operator }: Config): Generator<Problem> {
  if (storage.retentionMs < DAY)
    yield {
      setting: 'RETENTION',
      message: {
        en: 'is under a day: after it whatever has ended is erased, for good',
        zh: '不足一天：已结束的登记到期即被永久删除',
      },
    }
  if (polling.registrationTtlMs < MINUTE)
    yield {
      setting: 'REGISTRATION_TTL',
      message: {
        en: 'is under a minute: registrations without expiresAt end before anybody has finished the check',
        zh: '不足一分钟：未带 expiresAt 的登记在用户完成核验之前就会结束',
      },
    }
  if ((server.metricsToken?.reveal().length ?? SHORTEST_TOKEN) < SHORTEST_TOKEN)
    yield {
      setting: 'METRICS_TOKEN',
      message: {
        en: `has fewer than ${SHORTEST_TOKEN} characters, so it can be guessed`,
        zh: `不足 ${SHORTEST_TOKEN} 个字符，容易被猜出`,
      },
    }
  const isRobot = operator.url && operatorChannelOf(new URL(operator.url.reveal())) !== 'webhook'
  if (isRobot && operator.secret?.reveal().startsWith('whsec_'))
    yield {
      setting: 'OPERATOR_SECRET',
      message: {
        en: 'begins with whsec_, which is for webhooks: a robot has the secret that its chat shows',
        zh: '以 whsec_ 开头，是 webhook 的密钥：群机器人应使用其“加签”或“签名校验”的密钥',
      },
    }
}
