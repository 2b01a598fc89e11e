import type { TroubleCode } from '../core/trouble.ts'
import type { Explanation } from '../store/registrations/explanations.ts'
import { quoted } from './doctor/finding.ts'
import { programCommand } from './program.ts'

const COMMANDS: Partial<Record<TroubleCode, string>> = {
  account_paused_by_operator: 'account resume',
  deliveries_held: 'deliveries resume',
  messages_exhausted: 'registration list --delivery exhausted',
  callbacks_failing: 'callback list',
  messages_held: 'callback list',
  operators_not_told: 'notify-test',
}

/** Returns the shell command that ends or details a trouble; null if none does, or a cause has to be fixed first. */
export const commandFor = (trouble: { code: TroubleCode; account?: string | null }): string | null => {
  if (trouble.code === 'clock_wrong') return 'sudo timedatectl set-ntp true'
  const command = COMMANDS[trouble.code]
  if (command === undefined) return null
  return [programCommand(), command, ...(trouble.account ? [quoted(trouble.account)] : [])].join(' ')
}

/** Returns the command that sends a webhook that is held or given up; null for other webhooks. */
export const commandForWebhook = ({ heldBecause, registration }: Explanation): string | null => {
  const { id, partnerId, callbackUrl, delivery } = registration
  if (heldBecause === 'operator') return `callback enable ${quoted(callbackUrl)} --partner ${partnerId}`
  return heldBecause !== null || delivery.state === 'exhausted' ? `resend ${id}` : null
}
