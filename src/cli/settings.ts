import { settingGroups, settingsHelp } from '../config/settings.ts'
import { defineCommand } from './command.ts'

export const commands = [
  defineCommand({
    path: 'settings',
    words: ['list the settings with their defaults, not what is set', '列出配置项及其默认值（非当前值）'],
    run: ({ lang }) => {
      const settings = settingGroups.flatMap(([group, of]) =>
        Object.values(of.settings).map(one => ({ group, ...one })),
      )
      const data = settings.map(({ group, name, default: value, neededFor, secret, [lang]: meaning }) => ({
        name,
        group,
        default: value,
        required: neededFor !== undefined,
        secret: secret === true,
        meaning,
      }))
      return { data: { data, nextCursor: null }, text: settingsHelp(lang) }
    },
  }),
]
