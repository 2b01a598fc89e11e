import type { Words } from '../core/language.ts'
import type { Parser } from './parsers.ts'

/** A setting and its sentence in each language. */
export interface Setting extends Words {
  name: string
  parser: Parser<unknown>
  /** Text used if the setting is not set; null: no default, and the value is then null too. */
  default: string | null
  /** Never printed; may be read from the file that `NAME_FILE` names. */
  secret?: true
  /** A command with this need requires it. */
  neededFor?: 'upstream'
  /** The nodes of one database may differ in it. Without it they should agree: see `settingsIdOf`. */
  perNode?: true
}

export interface SettingGroup {
  title: Words
  /** By their names in the config. */
  settings: Record<string, Setting>
}

/** Declares a setting that all nodes of a database should have in common, as most are. */
export const setting = <Value, const Default extends string | null>(
  name: string,
  parser: Parser<Value>,
  default_: Default,
  rest: Omit<Setting, 'name' | 'parser' | 'default'>,
) => ({ name, parser, default: default_, ...rest })

/** Like `setting`, but the nodes of one database may differ in it. */
export const nodeSetting: typeof setting = (...declaration) => ({ ...setting(...declaration), perNode: true })
