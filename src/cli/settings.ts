import { settingsHelp } from '../config/settings.ts'
import { print } from './environment.ts'
import type { Common } from './frame/command.ts'

export const listSettings = ({ lang }: Common): void => print(settingsHelp(lang))
