import { ACCOUNT_GROUPS, ACCOUNTS } from './commands/account.ts'
import { DATA, DATA_GROUPS } from './commands/data.ts'
import { PARTNER_GROUPS, PARTNERS } from './commands/partner.ts'
import { SERVICE } from './commands/service.ts'
import type { Section, Words } from './frame/command.ts'

/** Every command, as help shows them. */
export const SECTIONS: readonly Section[] = [SERVICE, PARTNERS, ACCOUNTS, DATA]

/** What the first words of `partner list` and the like mean. */
export const GROUPS: Readonly<Record<string, Words>> = { ...PARTNER_GROUPS, ...ACCOUNT_GROUPS, ...DATA_GROUPS }
