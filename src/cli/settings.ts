import { settingGroups, settingsHelp } from '../config/settings.ts'
import { print } from './environment.ts'
import type { Common } from './frame/command.ts'
import { listJson } from './frame/output.ts'

export const listSettings = ({ json, lang }: Common): void => {
  const settings = settingGroups.flatMap(([group, of]) => Object.values(of.settings).map(one => ({ group, ...one })))
  const data = settings.map(({ group, name, default: value, neededFor, secret, [lang]: meaning }) => ({
    ...{ name, group, default: value, required: neededFor !== undefined, secret: secret === true, meaning },
  }))
  print(json ? listJson(data) : settingsHelp(lang))
}
