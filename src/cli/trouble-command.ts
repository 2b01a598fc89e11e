import type { TroubleCode } from '../core/trouble.ts'
import { quoted } from './doctor/finding.ts'

/** The command that ends a trouble or says more about it, to be pasted into a shell; null: there is none. */
export const commandFor = (trouble: { code: TroubleCode; account?: string | null }, call: string): string | null => {
  switch (trouble.code) {
    case 'account_paused':
    case 'account_paused_by_operator':
      return `${call} account resume ${quoted(trouble.account ?? '')}`
    case 'deliveries_held':
      return `${call} deliveries resume`
    case 'messages_exhausted':
      return `${call} registration list --delivery exhausted`
    case 'clock_wrong':
      return 'sudo timedatectl set-ntp true'
    case 'callbacks_failing':
    case 'messages_held':
      return `${call} callback list`
    case 'operators_not_told':
      return `${call} notify-test`
    default:
      return null
  }
}
