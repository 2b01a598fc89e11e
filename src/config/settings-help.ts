import type { Language } from './setting.ts'
import { settingGroups } from './settings.ts'

const WORDS = {
  en: { file: 'or from the file that NAME_FILE names', needed: 'required' },
  zh: { file: '也可用 NAME_FILE 指定文件', needed: '必填' },
}

/** Every setting with its default and its sentence, for the end of `serve --help`. */
export const settingsHelp = (language: Language): string =>
  settingGroups
    .map(([, { title, settings }]) => {
      const lines = Object.values(settings).map(setting => {
        const origin = setting.default ? `=${setting.default}` : setting.neededFor ? ` (${WORDS[language].needed})` : ''
        const file = setting.secret ? ` [${WORDS[language].file.replace('NAME', setting.name)}]` : ''
        return `  ${setting.name}${origin}${file}\n      ${setting[language].replaceAll('`', '')}`
      })
      return [title[language], ...lines].join('\n')
    })
    .join('\n\n')
