import { type RelaxedSetting, relaxedSettings } from '../../config/relaxed-settings.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, todo, warning } from './finding.ts'

export const judgeSettings = (problems: Desk['problems'], relaxed: readonly RelaxedSetting[]): Finding[] => {
  const wrong = problems.map(({ setting, message }) =>
    failed(
      `${setting}: ${message.en}`,
      `${setting}：${message.zh}`,
      todo('correct it where the service gets its settings from', '请在服务读取配置处改正'),
    ),
  )
  const open = relaxed.map(({ setting, effect }) =>
    warning(
      `${setting}: ${effect.en}`,
      `${setting}：${effect.zh}`,
      todo(`remove ${setting} in production`, `生产环境请移除 ${setting}`),
    ),
  )
  if (wrong.length + open.length > 0) return [...wrong, ...open]
  return [ok('all settings are valid, and every name is known', '全部配置项有效，无未知名称')]
}

export const checkSettings = ({ problems, config }: Desk): Finding[] =>
  judgeSettings(problems, config ? relaxedSettings(config) : [])
