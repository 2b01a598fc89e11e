import { settingsHelp } from '../config/settings-help.ts'
import { print } from './environment.ts'

export const settings = (lang: 'en' | 'zh'): void => print(settingsHelp(lang))
