import { settingsHelp } from '../config/settings.ts'
import { listSettings } from '../config/settings-in-force.ts'
import { defineCommand } from './command.ts'

export const commands = [
  defineCommand({
    path: 'settings',
    words: { en: 'list the settings with their defaults, not what is set', zh: '列出配置项及其默认值（非当前值）' },
    run: ({ lang }) => ({ data: { data: listSettings(lang), nextCursor: null }, text: settingsHelp(lang) }),
  }),
]
