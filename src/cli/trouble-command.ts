import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { TroubleCode } from '../core/trouble.ts'
import { troubleKind } from '../core/trouble-kinds.ts'
import type { Explanation } from '../store/registrations/explanations.ts'
import { quoted } from './doctor/finding.ts'
import { programCommand } from './program.ts'

/** Under systemd, the sandbox lets commands write only to this folder of the service's state. */
const backupFolderOf = ({ STATE_DIRECTORY = '' }: NodeJS.ProcessEnv): string =>
  STATE_DIRECTORY.split(':').find(folder => basename(folder) === 'backup') ?? (existsSync('/backup') ? '/backup' : '.')

/** @param last path of the last good backup */
export const backupCommand = (last: string | null | undefined): string =>
  `${programCommand()} backup ${quoted(last ? dirname(last) : backupFolderOf(process.env))}/notifier-$(date +%F-%H%M).db`

/** Returns the shell command that ends or details a trouble; null if none does, or a cause has to be fixed first. */
export const commandFor = (trouble: {
  code: TroubleCode
  account?: string | null
  path?: string | null | undefined
}): string | null => {
  if (trouble.code === 'clock_wrong') return 'sudo timedatectl set-ntp true'
  if (trouble.code === 'backup_stale') return backupCommand(trouble.path)
  const command = troubleKind(trouble.code).command
  const subject = trouble.account ?? trouble.path
  if (command === null || (command === 'backup' && !subject)) return null
  return [programCommand(), command, ...(subject ? [quoted(subject)] : [])].join(' ')
}

/** Returns the command that sends a webhook that is held or given up; null for other webhooks. */
export const commandForWebhook = ({ heldBecause, registration }: Explanation): string | null => {
  const { id, partnerId, callbackUrl, delivery } = registration
  if (heldBecause === 'operator') return `callback enable ${quoted(callbackUrl)} --partner ${partnerId}`
  return heldBecause !== null || delivery.state === 'exhausted' ? `resend ${id}` : null
}
