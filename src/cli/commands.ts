import type { Words } from '../core/language.ts'
import { ACCOUNT_GROUPS, ACCOUNTS } from './commands/account.ts'
import { TOKEN_GROUPS, TOKENS } from './commands/admin-token.ts'
import { CALLBACK_GROUPS, CALLBACKS } from './commands/callback.ts'
import { DATA, DATA_GROUPS } from './commands/data.ts'
import { LOOK } from './commands/look.ts'
import { PARTNER_GROUPS, PARTNERS } from './commands/partner.ts'
import { REGISTRATION_GROUPS, REGISTRATIONS } from './commands/registration.ts'
import { SERVICE } from './commands/service.ts'
import type { Section } from './frame/command.ts'

/** Every command, as help shows them. */
export const SECTIONS: readonly Section[] = [SERVICE, LOOK, REGISTRATIONS, CALLBACKS, PARTNERS, ACCOUNTS, TOKENS, DATA]

/** What the first words of `partner list` and the like mean. */
export const GROUPS: Readonly<Record<string, Words>> = {
  ...REGISTRATION_GROUPS,
  ...CALLBACK_GROUPS,
  ...PARTNER_GROUPS,
  ...ACCOUNT_GROUPS,
  ...TOKEN_GROUPS,
  ...DATA_GROUPS,
}
