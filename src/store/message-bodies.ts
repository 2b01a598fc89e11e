import type { Opening } from './unreadable.ts'

interface SealedBody {
  partnerId: string
  registrationId: string
  /** Empty: it is erased. */
  body: Buffer
}

/** The text of a webhook; null: it cannot be decrypted. */
export const openBody = ({ sealed, openOr }: Opening, message: SealedBody): string | null =>
  openOr({ table: 'messages', id: message.registrationId }, { open: () => sealed.message.open(message), instead: null })
