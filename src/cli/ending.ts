import { AppError, codeOf, type ErrorCode, StartError } from '../core/error.ts'
import type { Language, Words } from '../core/language.ts'
import { type DatabaseFault, databaseFaultOf } from '../core/operator-texts/database-fault.ts'
import { CATALOGUES } from '../core/operator-texts/describe.ts'
import { BackupError, type BackupFault } from '../store/backup.ts'
import { mayPass } from '../store/open.ts'
import { isDamage } from '../store/sqlite/failure.ts'
import { databaseErrorOf } from '../store/unavailable.ts'
import { describeError } from '../telemetry/describe-error.ts'

/** 1: the command failed. 2: the request cannot be carried out as it is, or the settings are invalid. */
type ExitCode = 1 | 2

class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode
  readonly words: Words

  constructor(exitCode: ExitCode, words: Words) {
    super(words.en)
    this.exitCode = exitCode
    this.words = words
  }
}

/** Ends the command with exit code 2: the request cannot be carried out, or the settings are invalid. */
export const refuse = (words: Words): never => {
  throw new CommandError(2, words)
}

/** Ends the command with exit code 1: it failed. */
export const fail = (words: Words): never => {
  throw new CommandError(1, words)
}

/** Backup faults for which the request is not to blame. */
const ON_THE_WAY: readonly BackupFault[] = ['no_room', 'not_usable', 'damaged']

/** Errors of the API and the store that may pass. */
const MAY_PASS: readonly ErrorCode[] = ['unavailable', 'too_many_requests']

/** Whether the request or the current state ruled it out, so that nothing was changed. */
export const isRefusal = (error: unknown): boolean => error instanceof AppError && !MAY_PASS.includes(error.code)

/** Returns 2 if the request, the settings or the current state rule the command out, otherwise 1. */
export const exitCodeOf = (error: unknown): ExitCode => {
  if (error instanceof CommandError) return error.exitCode
  if (error instanceof StartError) return mayPass(error) ? 1 : 2
  if (isRefusal(error)) return 2
  return error instanceof BackupError && !ON_THE_WAY.includes(error.fault) ? 2 : 1
}

/** An error in one line for a terminal: our own texts in full, paths included; of a driver's error only the code. */
export const wordsOf = (error: unknown): Words => {
  if (error instanceof CommandError || error instanceof StartError || error instanceof BackupError) return error.words
  const plain = plainReasonOf(error)
  const { en, zh } = error instanceof AppError ? refusalWords(error) : { en: plain, zh: plain }
  const advice = adviceOn(error)
  return advice === null ? { en, zh } : { en: `${en}: ${advice.en}`, zh: `${zh}：${advice.zh}` }
}

/** Every bad field if it names some, otherwise the detail. */
const refusalWords = ({ detail, errors }: AppError): Words => {
  const inLanguage = (lang: Language) => errors.map(({ path, message }) => `${path} ${message[lang]}`).join('\n')
  return errors.length === 0 ? detail : { en: inLanguage('en'), zh: inLanguage('zh') }
}

const plainReasonOf = (error: unknown): string => {
  const { message, name, code } = describeError(error)
  const isOurs = message !== undefined && error instanceof Error
  return isOurs ? error.message : `${name} ${code ?? ''}`.trim()
}

const DAMAGE: Words = {
  en: 'the database is damaged: do not start the service again before you have read "A damaged database" in docs/operations.md',
  zh: '数据库已损坏：重新启动之前，请先阅读 docs/operations.zh-CN.md 的“数据库损坏”',
}

/** Faults to fix before the command can work. Others pass by themselves, or are explained elsewhere. */
const TO_MEND: readonly DatabaseFault[] = ['locked', 'file_locked', 'disk_full', 'server_full']

/** Returns advice on a database failure that does not pass by itself; null for any other error. */
export const adviceOn = (error: unknown): Words | null => {
  if (error instanceof Error && isDamage(error)) return DAMAGE
  const fault = databaseFaultOf(String(databaseErrorOf(error) ?? codeOf(error)))
  if (!TO_MEND.includes(fault)) return null
  return { en: CATALOGUES.en.databaseRemedies[fault], zh: CATALOGUES.zh.databaseRemedies[fault] }
}
