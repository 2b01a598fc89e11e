import { InvalidArgumentError } from 'commander'

export const SETTINGS_HELP_HINT = `
Settings come from the environment, or from a file .env in the current folder.
"idface-notifier settings" lists them all, "settings --lang zh" in Chinese.`

export interface JsonOption {
  json?: boolean
}

export const wholeNumberOption = (min: number, max: number) => (text: string) => {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= min && number <= max) return number
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
}
