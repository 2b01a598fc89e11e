import { DAY, HOUR, SECOND } from '../../core/duration.ts'
import { duration, oneOf } from '../parsers.ts'
import type { SettingGroup } from '../setting.ts'

export const POLLING = {
  title: { en: 'Polling', zh: '轮询' },
  settings: {
    schedule: {
      name: 'POLL_SCHEDULE',
      parse: oneOf('learned', 'rule'),
      default: 'learned',
      en: '`learned`: by the rule of the three settings below until 200 checks of an account have finished, then at the ages at which they usually finish, within the same bounds. `rule`: always by the rule. See docs/polling.md.',
      zh: '`learned`：每个账户完成 200 次核验之前，按下面三项的规则查询；此后按该账户核验通常完成的时间查询，间隔的上下限不变。`rule`：始终按规则查询。详见 docs/polling.md。',
    },
    minMs: {
      name: 'POLL_MIN_INTERVAL',
      parse: duration({ min: 100, max: 24 * HOUR }),
      default: '5s',
      en: 'The shortest interval between two polls of a serial.',
      zh: '同一流水号两次查询的最短间隔。',
    },
    maxMs: {
      name: 'POLL_MAX_INTERVAL',
      parse: duration({ min: 100, max: 24 * HOUR }),
      default: '300s',
      en: 'The longest interval between two polls of a serial.',
      zh: '同一流水号两次查询的最长间隔。',
    },
    rampMs: {
      name: 'POLL_RAMP',
      parse: duration({ min: 1 * SECOND, max: 24 * HOUR }),
      default: '120s',
      en: 'The age up to which the shortest interval holds; after it the interval grows with the age.',
      zh: '在此时长内按最短间隔查询，之后间隔随时长增长。',
    },
    registrationTtlMs: {
      name: 'REGISTRATION_TTL',
      parse: duration({ min: 100, max: 400 * DAY }),
      default: '24h',
      en: 'How long to wait for a verdict if the registration has no `expiresAt`.',
      zh: '登记未带 `expiresAt` 时的等待期限。',
    },
    settleMarginMs: {
      name: 'SETTLE_MARGIN',
      parse: duration({ min: 0, max: 30 * DAY }),
      default: '10m',
      en: 'How long polling goes on after `expiresAt` before it gives up.',
      zh: '超过 `expiresAt` 后再继续查询多久才放弃。',
    },
    notFoundGraceMs: {
      name: 'NOT_FOUND_GRACE',
      parse: duration({ min: 0, max: 30 * DAY }),
      default: '2h',
      en: 'How long after the registration 4061 means "not visible yet".',
      zh: '登记后多长时间内将 4061 视为“暂不可见”。',
    },
  },
} satisfies SettingGroup
